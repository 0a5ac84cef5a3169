import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { caseId, rowOf, writeRun } from '../fixtures/run-files.ts';
import { formatHeader, formatRow } from './csv.ts';
import { findManifest, readResultsFile, readSamples, siblingPath } from './results-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-results-file-'));
});
const write = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const [a, b] = ['int4', 'csr'].map((technique) => formatRow(rowOf(technique)));

test('a whole file has all its rows and no notes', () => {
  const path = write('a.csv', formatHeader() + a + b);
  const { rows, ...file } = readResultsFile(path);
  expect(file).toEqual({ path, name: 'a.csv', notes: [] });
  expect(rows.map(({ case_id }) => case_id)).toEqual([caseId('int4'), caseId('csr')]);
});

test('a last line that a kill cut short is left out, and said', () => {
  const { rows, notes } = readResultsFile(write('a.csv', formatHeader() + a + b.slice(0, 30)));
  expect(rows).toHaveLength(1);
  expect(notes).toEqual(['a.csv: the last line is unfinished or damaged and was left out']);
});

test('rows that stand there twice count once, and how many did is said', () => {
  const { rows, notes } = readResultsFile(write('a.csv', formatHeader() + a + b + a + a));
  expect(rows.map(({ technique }) => technique)).toEqual(['int4', 'csr']);
  expect(notes).toEqual(['a.csv: 2 rows stand there twice, the same in every cell, and count once']);
});

test('a name that would work on the terminal is shown as what it is', () => {
  expect(readResultsFile(write('a\x1b[2J.csv', formatHeader() + a)).name).toBe('a\\u{1b}[2J.csv');
});

test('samples lie beside the CSV, a record a pass, case by case', () => {
  const record = (case_id: string, pass: number) => ({ case_id, pass, candidate_ns: [[1, 2], []], baseline_ns: [[3]] });
  const samples = [record('a', 1), { ...record('b', 1), canary_cycles: [7, 8] }, record('a', 2)];
  const path = writeRun(folder, 'r', [rowOf('int4')], { samples });
  expect(readSamples(path)).toEqual(
    new Map([
      ['a', [samples[0], samples[2]]],
      ['b', [samples[1]]],
    ]),
  );
});

test('of samples, damaged lines are passed over, older ones are of the first pass, a byte-order mark is no damage', () => {
  const older = '{"case_id":"a","candidate_ns":[[1]],"baseline_ns":[[2]]}';
  const lines = [`\uFEFF${older}`, '', '{"case_id":"b","cand', '{"case_id":"c"}', 'null', older.replace('"a"', '"d"')];
  write('r.samples.jsonl', lines.join('\n'));
  const samples = readSamples(join(folder, 'r.csv'));
  expect([...(samples?.keys() ?? [])]).toEqual(['a', 'd']);
  expect(samples?.get('a')).toEqual([{ case_id: 'a', pass: 1, candidate_ns: [[1]], baseline_ns: [[2]] }]);
});

test('a CSV by itself has neither samples nor a manifest', () => {
  const path = writeRun(folder, 'bare', [rowOf('int4')]);
  expect([readSamples(path), findManifest(path)]).toEqual([undefined, undefined]);
});

test('a manifest lies beside the CSV too', () => {
  const path = writeRun(folder, 'r', [rowOf('int4')], { manifest: { state: 'interrupted' } });
  expect(findManifest(path)).toMatchObject({ run_id: 'r', state: 'interrupted', case_ids: [caseId('int4')] });
});

test.each([
  ['a.csv', 'a.run.json'],
  ['x/my.csv.d/a.csv', 'x/my.csv.d/a.run.json'],
  ['acsv', 'acsv.run.json'],
])('what lies beside %s is %s', (csv, sibling) => {
  expect(siblingPath(csv, 'run.json')).toBe(sibling);
});
