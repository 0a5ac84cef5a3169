import { spawnSync } from 'node:child_process';
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { columns, type ResultRow, SCHEMA_VERSION } from './columns.ts';
import { formatHeader, formatRow, parseRows, readCsv } from './csv.ts';

const row: ResultRow = {
  schema_version: SCHEMA_VERSION,
  run_id: 'r1',
  case_id: 'quantized:int4:ts:M=1,N=2,K=3,weights=synthetic,groupSize=64',
  causal: false,
  M: 1,
  sqnr_db: -3.25,
  kernel_nmse: 1.5e-14,
  reason: '=cmd|"calc", or so',
};

test('a row survives writing and reading, with commas, quotes, negatives and formulas in it', () => {
  expect(parseRows(formatHeader() + formatRow(row), 'a.csv')[0]).toMatchObject(row);
});

test('a cell that a spreadsheet would run is written harmless, a negative number stays a number', () => {
  const [record] = parse<Record<string, string>>(formatHeader() + formatRow(row), { columns: true });
  expect(record.reason).toBe(`'${row.reason}`);
  expect(record.sqnr_db).toBe('-3.25');
});

test('figures that are absent, infinite or not a number are empty cells', () => {
  const text = formatHeader() + formatRow({ ...row, speedup: Number.NaN, sqnr_db: Number.POSITIVE_INFINITY });
  const [record] = parse<Record<string, string>>(text, { columns: true });
  expect([record.speedup, record.sqnr_db, record.N]).toEqual(['', '', '']);
});

test('columns are found by name: another order, unknown ones, CRLF and a byte-order mark are fine', () => {
  const text = `\uFEFFnew_column,case_id,schema_version,speedup\r\nx,a:b:c,${SCHEMA_VERSION},1.5\r\n`;
  expect(parseRows(text, 'a.csv')[0]).toMatchObject({ case_id: 'a:b:c', speedup: 1.5 });
});

test.each(['=1+1', '+1', '-x', '@SUM(A1)'])('the apostrophe before %s is taken off again', (reason) => {
  const text = formatHeader() + formatRow({ ...row, reason });
  expect(text).toContain(`'${reason}`);
  expect(parseRows(text, 'a.csv')[0].reason).toBe(reason);
});

/** The same row as other programs save it. */
const saved = { schema_version: SCHEMA_VERSION, case_id: 'a', causal: true, drift_ok: false, M: 64, speedup: 1.5 };
test.each([
  [
    "Python's booleans, pandas's whole numbers",
    'schema_version,case_id,causal,drift_ok,M,speedup\n1.0,a,True,False,64.0,1.5\n',
  ],
  [
    "Excel's booleans and exponents",
    'schema_version,case_id,causal,drift_ok,M,speedup\r\n1,a,TRUE,FALSE,6.4E+01,1.5E+00\r\n',
  ],
  ['a German Excel', '\uFEFFschema_version;case_id;causal;drift_ok;M;speedup;note\r\n1;a;TRUE;FALSE;64;1,5;x,y\r\n'],
  [
    "R's missing figures",
    '"schema_version","case_id","causal","drift_ok","M","speedup","reason"\n1,"a",TRUE,FALSE,64,1.5,NA\n',
  ],
  [
    'tabs, and line ends of old Macs',
    'schema_version\tcase_id\tcausal\tdrift_ok\tM\tspeedup\r1\ta\ttrue\tfalse\t64\t1.5\r',
  ],
  [
    'line ends of two programs',
    'schema_version,case_id,causal,drift_ok,M,speedup\r\n1,a,true,false,64,1.5\n1,b,,,,\r\n',
  ],
])('what %s make of a file is read', (_, text) => {
  expect(JSON.parse(JSON.stringify(parseRows(text, 'a.csv')[0]))).toEqual(saved);
});

test('text that a terminal would obey is visible when it is read, a long reason cut', () => {
  const [read] = parseRows(
    formatHeader() + formatRow({ ...row, weights: 'x\x1b[2J', reason: 'y'.repeat(10_000) }),
    'a.csv',
  );
  expect(read.weights).toBe('x\\u{1b}[2J');
  expect(read.reason).toMatch(/^y{300,} … \(10000 characters\)$/);
});

test('a file of many pieces reads as one, and a damaged line is named by its place in the whole', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tare-csv-')), 'long.csv');
  // Some 9 MB, more than is read at once; line ends within quotes lie on all borders.
  const rows = Array.from({ length: 9000 }, (_, i) => `1,c${i},"${'x\n'.repeat(500)}"\n`);
  writeFileSync(path, ['schema_version,case_id,reason\n', ...rows].join(''));
  expect(readCsv(path).rows.map(({ case_id }) => case_id)).toEqual(rows.map((_, i) => `c${i}`));
  writeFileSync(path, ['schema_version,case_id,reason\n', ...rows, '1,c9000,fine\n1,c9001\n'].join(''));
  expect(() => readCsv(path)).toThrow('long.csv: must be CSV, got 2 cells on line 4509003, where the header has 3');
});

test('files that stand one behind the other are read, each by its own header', () => {
  const text = 'schema_version,case_id,M\n1,a,3\ncase_id,schema_version\nb,1\nschema_version,case_id,M\n1,c,4\n';
  expect(parseRows(text, 'a.csv').map(({ case_id, M }) => [case_id, M])).toEqual([
    ['a', 3],
    ['b', undefined],
    ['c', 4],
  ]);
});

test.each([
  ['another schema version', 'schema_version,case_id\n99,a\n', /a\.csv: must be of schema version 1, got 99 in row 1/],
  ['some other CSV', 'a,b\n1,2\n', /a\.csv: must be a tare results file/],
  [
    'a figure that is none',
    `schema_version,case_id,speedup\n${SCHEMA_VERSION},a,fast\n`,
    /row 1: speedup must be a number, got fast/,
  ],
  ['a row of no case', 'schema_version,case_id,M\n1,a,1\n1,,1\n', /^a\.csv: row 2: must have a case_id, got none/],
  ['a time below zero', 'schema_version,case_id,p20_ns\n1,a,-5\n', /row 1: p20_ns must be above 0, got -5/],
  ['a speed-up of nothing', 'schema_version,case_id,speedup\n1,a,0\n', /row 1: speedup must be above 0, got 0/],
  ['a word for a truth', 'schema_version,case_id,causal\n1,a,WAHR\n', /causal must be true or false, got WAHR/],
  ['a fraction of a row', 'schema_version,case_id,M\n1,a,1.5\n', /M must be a whole number, got 1.5/],
  ['blanks for a figure', 'schema_version,case_id,M\n1,a,  \n', /M must be a whole number/],
  ['a ragged line', `schema_version,case_id\n${SCHEMA_VERSION},a,b\n`, /a\.csv: must be CSV, got/],
])('%s is refused in one line', (_, text, message) => {
  expect(() => parseRows(text, 'a.csv')).toThrow(InputError);
  expect(() => parseRows(text, 'a.csv')).toThrow(message);
});

test.each([
  ['5.', 5],
  ['.5', 0.5],
  ['+1', 1],
  ['-1.25e-3', -0.00125],
  ['1E+2', 100],
])('the figure %s is read as %d', (text, value) => {
  const [read] = parseRows(`schema_version,case_id,sqnr_db\n1,a,${text}\n`, 'a.csv');
  expect(read.sqnr_db).toBe(value);
});

test.each(['0x10', 'Infinity', 'NaN', '1e999', '1 2', '.', '1.5.2', '1,5', 'e5', '5x', 'x5'])(
  '%s is no figure',
  (text) => {
    const file = `schema_version,case_id,speedup\n1,a,1.5\n1,b,"${text}"\n`;
    expect(() => parseRows(file, 'a.csv')).toThrow(
      `a.csv: row 2: speedup must be a number, got ${text}; take the file`,
    );
  },
);

test.each(['truely', 'untrue', 'falsehood', 'unfalse', '1'])('%s is neither true nor false', (text) => {
  expect(() => parseRows(`schema_version,case_id,causal\n1,a,${text}\n`, 'a.csv')).toThrow(/must be true or false/);
});

test('what R has for missing text is no text, an apostrophe before other text stays', () => {
  const [read] = parseRows("schema_version,case_id,reason,weights\n1,a,NA,'tis\n", 'a.csv');
  expect([read.reason, read.weights]).toEqual([undefined, "'tis"]);
});

test.each([
  ['schema_version,case_id\n1,a\n\n1\n', '1 cells on line 4, where the header has 2'],
  ['schema_version,case_id\n1,a\n1,b,c\n', '3 cells on line 3, where the header has 2'],
  ['schema_version,case_id\n1,a\nschema_version,case_id,M\n1,b\n', '2 cells on line 4, where the header has 3'],
])('a ragged line is named by its number in the file, header and empty lines counted', (text, message) => {
  expect(() => parseRows(text, 'a.csv')).toThrow(`a.csv: must be CSV, got ${message}`);
});

describe('a file on disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-csv-'));
  const read = (text: string) => {
    writeFileSync(join(folder, 'a.csv'), text);
    return readCsv(join(folder, 'a.csv'));
  };
  const header = 'schema_version,case_id,M\n';

  test.each([
    ['ends in a line end', '1,a,2\n', ['a'], false],
    ['ends without one, and is whole', '1,a,2\n1,b,3', ['a', 'b'], false],
    ['ends within a line', '1,a,2\n1,', ['a'], true],
    ['ends within quotes', '1,a,2\n1,"b', ['a'], true],
    ['has a header alone', '', [], false],
  ])('that %s', (_, rows, ids, isCutShort) => {
    const file = read(header + rows);
    expect(file.rows.map(({ case_id }) => case_id)).toEqual(ids);
    expect(file).toMatchObject({ headers: [['schema_version', 'case_id', 'M']], isCutShort });
  });

  test('that is empty, absent or a folder says so', () => {
    expect(() => read('')).toThrow('a.csv: must be a tare results file, got an empty file');
    expect(() => readCsv(join(folder, 'absent.csv'))).toThrow(
      /absent\.csv: must be a readable results file, got ENOENT/,
    );
    expect(() => readCsv(folder)).toThrow(/: must be a readable results file, got a folder$/);
  });

  test('of either order of bytes in UTF-16 says how to save it', () => {
    writeFileSync(join(folder, 'a.csv'), Buffer.from(`\uFEFF${header}`, 'utf16le').swap16());
    expect(() => readCsv(join(folder, 'a.csv'))).toThrow(/got UTF-16; save it as "CSV UTF-8"/);
  });
});

test.each([
  ['no schema version', 'case_id,M\na,1\n'],
  ['no cases', 'schema_version,M\n1,1\n'],
])('a file with %s is no results file', (_, text) => {
  expect(() => parseRows(text, 'a.csv')).toThrow(
    'a.csv: must be a tare results file with the columns schema_version and case_id',
  );
});

test('a row without a version says so', () => {
  expect(() => parseRows('schema_version,case_id\n,a\n', 'a.csv')).toThrow(/of schema version 1, got none in row 1/);
});

test('a file in UTF-16 says how to save it', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tare-csv-')), 'wide.csv');
  writeFileSync(path, Buffer.from(`\uFEFF${formatHeader()}`, 'utf16le'));
  expect(() => readCsv(path)).toThrow(/^wide\.csv: must be text in UTF-8, got UTF-16; save it as "CSV UTF-8"$/);
});

describe('a file that memory cannot hold is refused in one line, before the heap is full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-heap-'));
  const path = join(folder, 'large.csv');

  test('by its size, at once', () => {
    writeFileSync(path, formatHeader());
    truncateSync(path, 4 * getHeapStatistics().heap_size_limit);
    expect(() => readCsv(path)).toThrow(
      /^large\.csv: must fit in memory, got [\d.]+ GiB, where Node's heap has room for [\d.]+; split it by run, or set NODE_OPTIONS/,
    );
  });

  test('by its rows, where a row of the file is shorter than in memory', () => {
    writeFileSync(path, `schema_version,case_id\n${Array.from({ length: 200_000 }, (_, i) => `1,${i}\n`).join('')}`);
    const main = join(import.meta.dirname, '..', 'main.ts');
    const args = ['--max-old-space-size=192', main, 'show', path];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/^tare: large\.csv: must fit in memory, got more than \d+ rows, which fill .*\n$/),
    });
  });
});

test('column names are unique', () => {
  expect(new Set(columns.map((column) => column.name)).size).toBe(columns.length);
});
