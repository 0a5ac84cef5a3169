import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { caseId, rowOf, runArguments, writeRun } from '../fixtures/run-files.ts';
import type { ResultRow } from './columns.ts';
import { formatHeader, formatRow } from './csv.ts';
import { readHistory } from './history.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-history-'));
});

const at = (day: number, hour = 0) => `2031-01-0${day}T0${hour}:00:00.000Z`;
const night = (id: string, day: number, figures: ResultRow = {}) =>
  writeRun(folder, id, [rowOf('int4', { started_at: at(day), ...figures })]);
const rowsAsText = (...rows: ResultRow[]) => formatHeader() + rows.map(formatRow).join('');
const idsOf = (...paths: string[]) => readHistory(paths).runs.map(({ id }) => id);

test('runs stand in the order of time, whatever their names and wherever they lie', () => {
  night('b', 2);
  night('c', 1);
  const elsewhere = mkdtempSync(join(tmpdir(), 'tare-history-'));
  const named = writeRun(elsewhere, 'a', [rowOf('int4', { started_at: at(3) })]);
  writeFileSync(join(folder, 'notes.txt'), 'no run');
  expect(idsOf(named, folder)).toEqual(['c', 'b', 'a']);
  expect(readHistory([named, folder]).notes).toEqual([]);
});

test('runs that began at the same moment stand in the order of their names', () => {
  const paths = ['b', 'c', 'a'].map((id) => night(id, 1));
  expect(idsOf(...paths)).toEqual(['a', 'b', 'c']);
});

test('a run began when its first case did, wherever that stands in the file', () => {
  const path = writeRun(folder, 'a', [
    rowOf('int4', { started_at: at(1, 5) }),
    rowOf('csr', { started_at: at(1, 2) }),
    rowOf('int8', { started_at: at(1, 7) }),
  ]);
  const [run] = readHistory([path]).runs;
  expect(run).toMatchObject({ id: 'a', name: 'a.csv', startedAt: at(1, 2), asked: undefined });
  expect([...run.rows.keys()]).toEqual(['int4', 'csr', 'int8'].map(caseId));
  expect(run.rows.get(caseId('csr'))?.technique).toBe('csr');
  expect([...run.missing]).toEqual([]);
});

test('cases that an interrupted run still had to do are missing, and what was asked is known', () => {
  const rows = [rowOf('int4')];
  const case_ids = ['int4', 'csr', 'int8'].map(caseId);
  const path = writeRun(folder, 'a', rows, { manifest: { state: 'interrupted', case_ids } });
  const [run] = readHistory([path]).runs;
  expect([...run.missing]).toEqual(['csr', 'int8'].map(caseId));
  expect(run.asked).toEqual(runArguments);
});

test('a file of two runs is two runs, neither of which lacks the cases of the other', () => {
  const rows = [rowOf('int4', { run_id: 'x' }), rowOf('csr', { run_id: 'y' }), rowOf('int8', { run_id: 'x' })];
  const path = writeRun(folder, 'both', rows, { manifest: { case_ids: ['int4', 'csr', 'int8', 'nf4'].map(caseId) } });
  writeFileSync(path, rowsAsText(...rows));
  const { runs } = readHistory([path]);
  expect(runs.map(({ id, rows }) => [id, rows.size])).toEqual([
    ['x', 2],
    ['y', 1],
  ]);
  expect(runs.flatMap(({ missing }) => [...missing])).toEqual([]);
});

test('rows that name no run are a run of the name of their file', () => {
  writeFileSync(join(folder, 'old.csv'), rowsAsText(rowOf('int4', { run_id: undefined })));
  expect(idsOf(folder)).toEqual(['old.csv']);
});

describe('shards', () => {
  const shard = (id: string, ...shards: string[]) =>
    writeRun(
      folder,
      id,
      shards.map((shard, i) => rowOf(`t${i}`, { shard })),
    );

  test('of which others are missing are passed over, and the note says what joins them', () => {
    night('whole', 1);
    shard('part', '1/3', '3/3');
    expect(idsOf(folder)).toEqual(['whole']);
    expect(readHistory([folder]).notes).toEqual(['passed over part.csv: part is a shard; tare merge joins shards']);
  });

  test('that were joined are a run like any other', () => {
    expect(idsOf(shard('joined', '1/2', '2/2', '1/2'))).toEqual(['joined']);
  });

  test('of one are the whole run', () => {
    expect(idsOf(shard('only', '1/1'))).toEqual(['only']);
  });
});

test('a run that is there twice counts once, and the note names both files', () => {
  night('a', 1);
  const copies = join(folder, 'copies');
  mkdirSync(copies);
  writeFileSync(join(copies, 'copy.csv'), rowsAsText(rowOf('int4', { started_at: at(1), run_id: 'a' })));
  const history = readHistory([folder, copies]);
  expect(history.runs.map(({ name }) => name)).toEqual(['a.csv']);
  expect(history.notes).toEqual(['copy.csv: is a.csv again and counts once']);
});

test('two runs of one name with other rows are refused, since either could be the right one', () => {
  night('a', 1);
  writeFileSync(join(folder, 'b.csv'), rowsAsText(rowOf('int4', { run_id: 'a', speedup: 3 })));
  expect(() => readHistory([folder])).toThrow(InputError);
  expect(() => readHistory([folder])).toThrow(
    'history: a run must be there once, got a in a.csv and, with other rows, in b.csv',
  );
});

describe('what is no run', () => {
  test('is passed over in a folder and named in a note', () => {
    night('a', 1);
    writeFileSync(join(folder, 'weights.csv'), 'x,y\n1,2\n');
    writeFileSync(join(folder, 'empty.csv'), formatHeader());
    const { runs, notes } = readHistory([folder]);
    expect(runs.map(({ id }) => id)).toEqual(['a']);
    expect(notes).toEqual([
      'passed over empty.csv: it has no rows',
      expect.stringMatching(/^passed over weights\.csv: must be a tare results file/),
    ]);
  });

  test('is refused where it was named', () => {
    const path = join(folder, 'weights.csv');
    writeFileSync(path, 'x,y\n1,2\n');
    expect(() => readHistory([night('a', 1), path])).toThrow(/^weights\.csv: must be a tare results file/);
    expect(() => readHistory([join(folder, 'absent.csv')])).toThrow(InputError);
  });

  test('leaves no history where there is nothing else, for the reason given', () => {
    writeFileSync(join(folder, 'empty.csv'), formatHeader());
    expect(() => readHistory([folder])).toThrow(
      `history: must hold whole runs, got none in ${folder} (passed over empty.csv: it has no rows)`,
    );
    expect(() => readHistory([])).toThrow(/^history: must hold whole runs, got none in $/);
  });

  test('a folder without a CSV is refused', () => {
    writeFileSync(join(folder, 'a.csv.new'), 'half a run');
    expect(() => readHistory([folder])).toThrow(`history: must hold CSVs, got none in the folder ${folder}`);
  });
});
