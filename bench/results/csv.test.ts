import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { columns, type ResultRow, SCHEMA_VERSION } from './columns.ts';
import { formatHeader, formatRow, parseRows } from './csv.ts';

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

test.each([
  ['another schema version', 'schema_version,case_id\n99,a\n', /a\.csv: must be of schema version 1, got 99 in row 1/],
  ['some other CSV', 'a,b\n1,2\n', /a\.csv: must be a tare results file/],
  [
    'a figure that is none',
    `schema_version,case_id,speedup\n${SCHEMA_VERSION},a,fast\n`,
    /row 1: speedup must be a number, got fast/,
  ],
  ['a ragged line', `schema_version,case_id\n${SCHEMA_VERSION},a,b\n`, /a\.csv: must be CSV, got/],
])('%s is refused in one line', (_, text, message) => {
  expect(() => parseRows(text, 'a.csv')).toThrow(InputError);
  expect(() => parseRows(text, 'a.csv')).toThrow(message);
});

test('column names are unique', () => {
  expect(new Set(columns.map((column) => column.name)).size).toBe(columns.length);
});
