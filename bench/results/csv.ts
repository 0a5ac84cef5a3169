// Rows as CSV: RFC 4180 quoting, one record a line, read by column name.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { InputError } from '../contract/input-error.ts';
import { type CellType, columns, type ResultRow, SCHEMA_VERSION } from './columns.ts';

const HEADER = columns.map((column) => column.name);

/** What a spreadsheet would take for a formula is written behind an apostrophe; numbers are left as they are. */
const ESCAPED_FORMULA = /^'(?=[=+\-@\t\r])/;

export function formatHeader(): string {
  return stringify([HEADER]);
}

/** One line, its line end included. Not-a-number and infinite figures become empty cells. */
export function formatRow(row: ResultRow): string {
  const cells = HEADER.map((name) => cell(row[name]));
  return stringify([cells], { escape_formulas: true });
}

function cell(value: ResultRow[keyof ResultRow]): string | number | undefined {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
}

/** Rows of a results file. Columns unknown to this version are passed over; throws InputError on what is no results file. */
export function readRows(path: string): ResultRow[] {
  return parseRows(readText(path), basename(path));
}

/** The file's text; throws InputError where it can't be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`${path}: must be a readable results file, got ${code === 'EISDIR' ? 'a folder' : code}`);
  }
}

export function parseRows(text: string, file: string): ResultRow[] {
  return parseRecords(text, file).map((record, i) => {
    if (record.schema_version !== String(SCHEMA_VERSION)) {
      throw new InputError(
        `${file}: must be of schema version ${SCHEMA_VERSION}, got ${record.schema_version || 'none'} in row ${i + 1}; measure again with this tare`,
      );
    }
    return parseRecord(record, file, i + 1);
  });
}

function parseRecords(text: string, file: string): Record<string, string>[] {
  try {
    return parse(text, {
      columns: (header: string[]) => checkedHeader(header, file),
      bom: true,
      skip_empty_lines: true,
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${file}: must be CSV, got ${(error as CsvError).message}`);
  }
}

function checkedHeader(header: string[], file: string): string[] {
  if (header.includes('case_id') && header.includes('schema_version')) return header;
  throw new InputError(`${file}: must be a tare results file with the columns schema_version and case_id`);
}

function parseRecord(record: Record<string, string>, file: string, number: number): ResultRow {
  const cells = columns.map(({ name, type }) => {
    const text = record[name];
    if (text === undefined || text === '') return [name, undefined];
    const value = parseCell(text, type);
    if (value === undefined)
      throw new InputError(`${file}: row ${number}: ${name} must be ${article(type)}, got ${text}`);
    return [name, value];
  });
  return Object.fromEntries(cells);
}

function parseCell(text: string, type: CellType): string | number | boolean | undefined {
  switch (type) {
    case 'text':
      return text.replace(ESCAPED_FORMULA, '');
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : undefined;
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case 'number':
      return Number.isFinite(Number(text)) ? Number(text) : undefined;
    default:
      return type satisfies never;
  }
}

function article(type: CellType): string {
  return type === 'integer' ? 'a whole number' : type === 'boolean' ? 'true or false' : `a ${type}`;
}
