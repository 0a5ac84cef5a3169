import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { rowOf } from '../fixtures/run-files.ts';
import { columns, type ResultRow } from '../results/columns.ts';
import { type ShowOptions, showReport } from './show-report.ts';
import { formatReport } from './verdict-report.ts';

const dense = rowOf('dense', { p20_ns: 2000, speedup: 1.01, compression_ratio: 1, stored_bytes: 400, sqnr_db: 140 });
const int8 = rowOf('int8', { p20_ns: 1000, speedup: 2, compression_ratio: 4 });
const elsewhere = rowOf('int8', {
  backend: 'wasm',
  case_id: 's:int8:wasm:M=1,N=2,K=3',
  baseline_case_id: 's:dense:wasm:M=1,N=2,K=3',
  p20_ns: 400,
  speedup: 0.5,
  compression_ratio: 4,
});
const skipped: ResultRow = { ...rowOf('csr'), p20_ns: undefined, status: 'skipped', reason: 'no adapter' };
const drifted = rowOf('int4', {
  p20_ns: 1500,
  drift_ok: false,
  drift_budget_db: 30,
  sqnr_db: 12,
  compression_ratio: 7,
});
const rows = [dense, int8, elsewhere, skipped, drifted];

const defaults: ShowOptions = { name: 'a.csv', best: false, minSqnrDb: 20, sort: 'time', notes: [] };
const shown = (options: Partial<ShowOptions> = {}, of = rows) => showReport(of, { ...defaults, ...options });
const techniques = (options: Partial<ShowOptions>) =>
  shown(options).sections[0].lines.map(({ cells: [technique, backend] }) => `${technique} ${backend}`);

test('a line has the time of a call, the speed-up with its interval, bytes and SQNR, the fastest first', () => {
  const [{ title, lines }] = shown().sections;
  expect(title).toBe('matmul M=1 N=2 K=3 · use-lite/layer0.fc1');
  expect(lines.map(({ cells }) => cells.map((cell) => cell.trim()))).toEqual([
    ['int8', 'wasm', '400 ns', '0.50x ◆', '0.5', '÷4.00', '40.1'],
    ['int8', 'ts', '1.00 µs', '2.00x ◆', '0.5', '÷4.00', '40.1'],
    ['int4', 'ts', '1.50 µs!', '2.00x', '0.5', '÷7.00', '12.0'],
    ['dense', 'ts', '2.00 µs', '1x', '0.5', '÷1.00', '140.0'],
    ['csr', 'ts', 'skipped', '', '0.5', '', '40.1'],
  ]);
  expect(lines[2].details).toEqual(['drift: SQNR must reach 30 dB, got 12.0']);
});

test.each([
  ['time', ['int8 wasm', 'int8 ts', 'int4 ts', 'dense ts', 'csr ts']],
  ['speedup', ['int8 ts', 'int4 ts', 'dense ts', 'int8 wasm', 'csr ts']],
  ['sqnr', ['dense ts', 'int8 ts', 'int8 wasm', 'csr ts', 'int4 ts']],
  ['bytes', ['int8 ts', 'int8 wasm', 'csr ts', 'int4 ts', 'dense ts']],
  ['file', ['dense ts', 'int8 ts', 'int8 wasm', 'csr ts', 'int4 ts']],
] as const)('sorted by %s', (sort, order) => {
  expect(techniques({ sort })).toEqual(order);
});

test('the best are said to be a part, with what they had to keep', () => {
  expect(techniques({ best: true })).toEqual(['int8 wasm', 'dense ts']);
  const { notes } = shown({ best: true });
  expect(notes).toContain(
    'shown: each technique on its fastest backend, of the rows that keep 20 dB and are not noisy',
  );
  expect(notes.at(-1)).toBe('a.csv: 2 of 5 cases: 3 ok, 1 skipped, 1 drifted');
});

test('what was skipped is said once a backend', () => {
  expect(
    shown({}, [...rows, { ...skipped, technique: 'sparse-2-4' }]).notes.filter((note) => /no adapter/.test(note)),
  ).toEqual(['ts: no adapter']);
});

test('caveats of what is shown are said below it', () => {
  const doubtful = { ...int8, caveat: 'activations were drawn' };
  const said = (options: Partial<ShowOptions>) =>
    shown(options, [dense, doubtful]).notes.filter((note) => note.includes('activations were drawn'));
  expect(said({})).toEqual(['int8, matmul M=1 N=2 K=3 · use-lite/layer0.fc1: activations were drawn']);
  expect(said({ best: true, minSqnrDb: 100 })).toEqual([]);
});

test('runs and machines of one file have tables of their own', () => {
  const other = { ...int8, run_id: 'r2', cpu_model: 'CPU B' };
  expect(shown({}, [int8, other]).sections.map(({ title }) => title)).toEqual([
    'matmul M=1 N=2 K=3 · use-lite/layer0.fc1 · r1 · 2 × CPU A',
    'matmul M=1 N=2 K=3 · use-lite/layer0.fc1 · r2 · 2 × CPU B',
  ]);
});

describe('in other formats', () => {
  test('CSV has every column of the file in its order, and the mark', () => {
    const [header, ...lines] = parse(formatReport(shown(), 'csv', 80));
    expect(header).toEqual([...columns.map(({ name }) => name), 'on_pareto_front']);
    expect(lines.map((line) => line.at(-1))).toEqual(['true', 'true', 'false', 'false', 'false']);
  });

  test('JSON has the rows', () => {
    const { rows: read } = JSON.parse(formatReport(shown(), 'json', 80));
    expect(read).toHaveLength(5);
    expect(read[0]).toMatchObject({ case_id: elsewhere.case_id, p20_ns: 400, on_pareto_front: true });
  });

  test.each([40, 60, 80, 100, 200])('no line of the table is wider than %d columns', (width) => {
    const lines = formatReport(shown(), 'table', width).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  });
});
