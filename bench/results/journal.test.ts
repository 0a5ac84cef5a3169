import { appendFileSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { SCHEMA_VERSION } from './columns.ts';
import { formatHeader, formatRow, readRows } from './csv.ts';
import { Journal, type SampleRecord } from './journal.ts';

let folder: string;
const csv = () => join(folder, 'run.csv');
const samples = () => join(folder, 'run.samples.jsonl');
const row = (id: string) => ({ schema_version: SCHEMA_VERSION, case_id: id });
const sample = (id: string): SampleRecord => ({ case_id: id, pass: 1, candidate_ns: [[1, 2]], baseline_ns: [[3]] });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-journal-'));
});

function writeCases(...ids: string[]): void {
  const journal = new Journal(csv(), samples());
  for (const id of ids) journal.append(row(id), [sample(id)]);
  journal.close();
}

test('every row is on disk as soon as it is appended', () => {
  const journal = new Journal(csv(), samples());
  journal.append(row('a'), [sample('a')]);
  expect(readRows(csv()).map(({ case_id }) => case_id)).toEqual(['a']);
  journal.close();
});

test('a line that a kill cut short is dropped, and the run goes on behind the last whole one', () => {
  writeCases('a', 'b');
  appendFileSync(csv(), formatRow(row('c')).slice(0, 20));
  const journal = new Journal(csv(), samples());
  expect(journal.rows.map(({ case_id }) => case_id)).toEqual(['a', 'b']);
  journal.append(row('c'), [sample('c')]);
  journal.close();
  expect(readRows(csv()).map(({ case_id }) => case_id)).toEqual(['a', 'b', 'c']);
});

test('samples of a case that never got its row are dropped, a half-written line too', () => {
  writeCases('a');
  appendFileSync(samples(), `${JSON.stringify(sample('b'))}\n{"case_id":"c","cand`);
  writeCases('b');
  const ids = readFileSync(samples(), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).case_id);
  expect(ids).toEqual(['a', 'b']);
});

test('a header alone, even a cut one, is an empty run', () => {
  writeFileSync(csv(), formatHeader().slice(0, 30));
  writeCases('a');
  expect(readRows(csv())).toHaveLength(1);
});

test('a full disk is one line that says all finished cases are kept', () => {
  // /dev/full fails every write the way a full disk does.
  symlinkSync('/dev/full', samples());
  const journal = new Journal(csv(), samples());
  expect(() => journal.append(row('a'), [sample('a')])).toThrow(InputError);
  expect(() => journal.append(row('a'), [sample('a')])).toThrow(/must have room to grow, got ENOSPC/);
  expect(readRows(csv())).toEqual([]);
});

test('a folder that is not there is named', () => {
  expect(() => new Journal('/nonexistent/run.csv', '/nonexistent/run.samples.jsonl')).toThrow(/--out: .* got ENOENT/);
});
