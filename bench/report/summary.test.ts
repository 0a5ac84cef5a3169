import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { ResultRow } from '../results/columns.ts';
import { formatSummary } from './summary.ts';

const backends = ['ts', 'gpujs-cpu', 'gpujs-webasm', 'gpujs-webgpu'];
const common: ResultRow = {
  op: 'matmul',
  M: 64,
  N: 1536,
  K: 512,
  weights: 'use-lite/layer1.fc1',
  status: 'ok',
  drift_ok: true,
};

function rowsFor(technique: string, params: string | undefined, figures: ResultRow): ResultRow[] {
  return backends.map((backend) => ({
    ...common,
    technique,
    params,
    backend,
    case_id: `s:${technique}:${backend}`,
    baseline_case_id: `s:dense:${backend}`,
    adapter_type: backend === 'gpujs-webgpu' ? 'software' : 'none',
    ...figures,
  }));
}

const int8 = rowsFor('int8', 'granularity=channel;activations=int8', {
  p20_ns: 50,
  speedup: 2,
  stored_bytes: 26,
  compression_ratio: 3.9,
  sqnr_db: 40.04,
});
const dense = rowsFor('dense', undefined, {
  p20_ns: 100,
  dense_gflops: 12.345,
  stored_bytes: 100,
  compression_ratio: 1,
  sqnr_db: 140,
});
const csr = rowsFor('csr', 'sparsity=0.5', {
  p20_ns: 200,
  speedup: 0.5,
  stored_bytes: 75,
  compression_ratio: 1.33,
  sqnr_db: 15,
});

const drifted: ResultRow = { ...int8[0], drift_ok: false, drift_budget_db: 30, sqnr_db: 3.21 };

function linesOf(rows: ResultRow[], width = 100): string[] {
  return stripVTControlCharacters(formatSummary(rows, { width, minSqnrDb: 20 })).split('\n');
}

test.each([40, 60, 80, 100, 200])('no line is wider than %d columns', (width) => {
  expect(
    Math.max(...linesOf([...int8, ...dense, ...csr, drifted], width).map((line) => line.length)),
  ).toBeLessThanOrEqual(width);
});

test('the uncompressed technique comes first with its rate, others with their speed-up, bytes and drift', () => {
  const [, , first, second] = linesOf([...int8, ...dense]);
  expect(first).toMatch(/^dense +÷1\.00 +140\.0 +12 GF\/s +12 GF\/s/);
  expect(second).toMatch(/^int8 channel\/int8 +÷3\.90 +40\.0 +2\.00x ◆/);
});

test('scratch of attention is what the backends take, from the least to the most', () => {
  const rows = dense.map((row, i) => ({ ...row, op: 'attention' as const, workspace_bytes: 512 * (i + 1) }));
  expect(linesOf(rows)[2]).toMatch(/^dense +512 B – 2\.0 KiB +140\.0/);
});

test('rates and ratios are written out at every size', () => {
  const [fast] = dense.map((row) => ({ ...row, dense_gflops: 123.4 }));
  const [slow] = int8.map((row) => ({ ...row, speedup: 0.0123 }));
  const [, , first, second] = linesOf([fast, slow]);
  expect(first).toMatch(/ 123 GF\/s$/);
  expect(second).toMatch(/ 0\.012x/);
});

test('where a table has no room each technique is a paragraph with its figures', () => {
  const lines = linesOf([...dense, ...int8], 40);
  expect(lines.slice(lines.indexOf('int8 channel/int8'), lines.indexOf('int8 channel/int8') + 4)).toEqual([
    'int8 channel/int8',
    '  bytes ÷3.90, SQNR dB 40.0, ts 2.00x ◆,',
    '    gpujs-cpu 2.00x ◆, gpujs-webasm',
    '    2.00x ◆, gpujs-webgpu* 2.00x ◆',
  ]);
});

test('a case that ran and drifted is counted as drifted, and its reason is the drift', () => {
  const text = linesOf([...dense, drifted, { ...drifted, status: 'noisy', reason: 'too wide' }], 200).join('\n');
  expect(text).toContain('6 cases: 4 ok, 2 drifted');
  expect(text.match(/^drifted s:int8:ts: drift: SQNR must reach 30 dB, got 3\.2$/gm)).toHaveLength(2);
  expect(text).toContain('2.00x!');
});

test('a software GPU is marked and explained', () => {
  const lines = linesOf(dense);
  expect(lines[1]).toContain('gpujs-webgpu*');
  expect(lines.some((line) => line.startsWith('* software adapter'))).toBe(true);
});

test('failed and skipped cases show their state in the table and their reason below it', () => {
  const [failed, skipped, ...rest] = csr;
  const rows = [
    ...dense,
    { ...failed, p20_ns: undefined, status: 'error', reason: 'it broke' },
    { ...skipped, p20_ns: undefined, status: 'skipped', reason: 'no adapter' },
    ...rest,
  ];
  const text = linesOf(rows).join('\n');
  expect(text).toMatch(/csr 0\.5 .* error +skipped/);
  expect(text).toContain('error s:csr:ts: it broke');
  expect(text).toContain('gpujs-cpu: no adapter');
  expect(text).toContain('8 cases: 6 ok, 1 error, 1 skipped');
});
