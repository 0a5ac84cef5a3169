import fs, { appendFileSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { columns, SCHEMA_VERSION } from './columns.ts';
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

const { writeSync, fdatasyncSync } = fs;
/** Puts a faulty disk in the place of the real one. */
function plant(faulty: Partial<Pick<typeof fs, 'writeSync' | 'fdatasyncSync'>>): void {
  Object.assign(fs, faulty);
  syncBuiltinESMExports();
}
afterEach(() => plant({ writeSync, fdatasyncSync }));

test('a record is handed to the disk itself before the next case, samples and row', () => {
  const journal = new Journal(csv(), samples());
  const synced: string[] = [];
  plant({
    fdatasyncSync: (file) => {
      synced.push(fs.readlinkSync(`/proc/self/fd/${file}`));
      fdatasyncSync(file);
    },
  });
  journal.append(row('a'), [sample('a')]);
  journal.close();
  expect(synced).toEqual([samples(), csv()]);
});

test.each([
  ['the row', csv],
  ['the samples', samples],
])('what a full disk left of %s is taken back', (_, path) => {
  const journal = new Journal(csv(), samples());
  journal.append(row('a'), [sample('a')]);
  const before = readFileSync(path(), 'utf8');
  const full: typeof fs.writeSync = (file: number, bytes: NodeJS.ArrayBufferView | string) => {
    if (typeof bytes === 'string' || fs.readlinkSync(`/proc/self/fd/${file}`) !== path())
      return writeSync(file, `${bytes}`);
    writeSync(file, bytes, 0, Math.floor(bytes.byteLength / 2));
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  };
  plant({ writeSync: full });
  expect(() => journal.append(row('b'), [sample('b')])).toThrow(/must have room to grow, got ENOSPC/);
  plant({ writeSync });
  expect(readFileSync(path(), 'utf8')).toBe(before);
  journal.append(row('b'), [sample('b')]);
  journal.close();
  expect(readRows(csv()).map(({ case_id }) => case_id)).toEqual(['a', 'b']);
});

const written = () => formatHeader() + ['a', 'b'].map((id) => formatRow(row(id))).join('');
const asExcelSaves = (text: string) => `\uFEFF${text.replaceAll(',', ';').replaceAll('\n', '\r\n')}`;
test.each([
  ['a byte-order mark', (text: string) => `\uFEFF${text}`],
  ['other line ends', (text: string) => text.replaceAll('\n', '\r\n')],
  ['line ends of old Macs', (text: string) => text.replaceAll('\n', '\r')],
  ['semicolons', asExcelSaves],
  ['every cell in quotes', (text: string) => text.replace(/[^,\n]+/g, '"$&"')],
  [
    'its columns in another order',
    (text: string) =>
      text.replace(/^(\w+),(.*)$/gm, (_, first, rest) => `${rest},${first}`).replace(/^1,(.*)$/gm, '$1,1'),
  ],
])('a file that was saved with %s is mended, says so, and goes on as tare writes it', (_, save) => {
  writeCases('a', 'b');
  writeFileSync(csv(), save(written()));
  const journal = new Journal(csv(), samples());
  expect(journal.notes).toEqual([`${csv()}: had been saved by another program and was written anew as tare writes it`]);
  expect(readFileSync(csv(), 'utf8')).toBe(written());
  journal.append(row('c'), [sample('c')]);
  journal.close();
  expect(readRows(csv()).map(({ case_id }) => case_id)).toEqual(['a', 'b', 'c']);
  expect(readFileSync(samples(), 'utf8').split('\n')).toHaveLength(4);
});

test('a row that stands twice is taken out, and says so', () => {
  writeCases('a', 'b');
  appendFileSync(csv(), formatRow(row('a')));
  const journal = new Journal(csv(), samples());
  expect(journal.notes).toEqual([`${csv()}: took out 1 row that stood there twice`]);
  journal.close();
  expect(readFileSync(csv(), 'utf8')).toBe(written());
});

test('two rows of one case that differ are left to a person', () => {
  writeCases('a');
  appendFileSync(csv(), formatRow({ ...row('a'), speedup: 2 }));
  expect(() => new Journal(csv(), samples())).toThrow(/got a in rows 1 and 2, which differ; take one out/);
});

test('a file that tare wrote is not written anew', () => {
  writeCases('a', 'b');
  const { ino } = fs.statSync(csv());
  expect(new Journal(csv(), samples()).notes).toEqual([]);
  expect(fs.statSync(csv()).ino).toBe(ino);
});

test('samples keep their lines where an editor put a byte-order mark before them', () => {
  writeCases('a', 'b');
  writeFileSync(samples(), `\uFEFF${readFileSync(samples(), 'utf8')}`);
  new Journal(csv(), samples()).close();
  expect(readFileSync(samples(), 'utf8').trimEnd().split('\n')).toHaveLength(2);
});

test.each([
  ['an older tare, without the newest column', (names: string[]) => names.slice(0, -1)],
  ['a newer tare, with one more', (names: string[]) => [...names, 'new_column']],
])('a file of %s is not added to', (_, change) => {
  const names = change(columns.map(({ name }) => name));
  const text = `${names.join()}\n${names.map((name) => ({ schema_version: 1, case_id: 'a' })[name] ?? '').join()}\n`;
  writeFileSync(csv(), text);
  expect(() => new Journal(csv(), samples())).toThrow(
    /must have the columns of this tare, got others; start a new run/,
  );
  expect(readFileSync(csv(), 'utf8')).toBe(text);
});
