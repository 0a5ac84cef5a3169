// Rows as CSV: RFC 4180 quoting, one record a line, read by column name. What spreadsheets and other programs make of it
// when they save it is read too, as far as it can be understood.
import { basename } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { InputError } from '../contract/input-error.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import { archivedCsv } from './archived-csvs.ts';
import { type CellType, columns, type ResultRow, SCHEMA_VERSION } from './columns.ts';
import { assertFits, heapRoom } from './heap-room.ts';
import { type Piece, wholeLines } from './whole-lines.ts';

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

export interface CsvFile {
  /** As they stand in the file; columns unknown to this version are passed over. */
  readonly rows: readonly ResultRow[];
  /** Names of the columns, in the file's order; several times where files were put one behind the other. */
  readonly headers: readonly (readonly string[])[];
  /** The last line had no line end and could not be read: what a kill leaves behind. It was left out. */
  readonly isCutShort: boolean;
}

/** Rows of a results file. Throws InputError on what is no results file. */
export function readRows(path: string): readonly ResultRow[] {
  return readCsv(path).rows;
}

export function readCsv(path: string): CsvFile {
  return parsePieces(pieces(path), visibleText(basename(path)));
}

export function parseRows(text: string, file: string): readonly ResultRow[] {
  return parsePieces([{ bytes: Buffer.from(text), isWhole: true }], file).rows;
}

function* pieces(path: string): Generator<Piece> {
  try {
    assertFits(path, visibleText(basename(path)));
    yield* wholeLines(path, true);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const archived = error.code === 'ENOENT' ? archivedCsv(path) : undefined;
    if (archived !== undefined) return yield { bytes: archived, isWhole: true };
    throw new InputError(
      `${path}: must be a readable results file, got ${error.code === 'EISDIR' ? 'a folder' : error.code}`,
    );
  }
}

function parsePieces(all: Iterable<Piece>, file: string): CsvFile {
  const rows: ResultRow[] = [];
  const headers: (readonly string[])[] = [];
  const assertRoom = heapRoom(file);
  let dialect: Dialect | undefined;
  let lastLine = 0;
  for (const { bytes, isWhole } of all) {
    const isFirst = dialect === undefined;
    dialect ??= dialectOf(bytes, file);
    const { delimiter } = dialect;
    const take = (cells: readonly string[], line: number) => {
      lastLine = line;
      if (isHeader(cells)) return headers.push(cells);
      const header = headers[headers.length - 1];
      if (cells.length !== header.length)
        throw new Error(`${cells.length} cells on line ${line}, where the header has ${header.length}`);
      rows.push(parseRow(cells, { header, delimiter }, file, rows.length + 1));
      return assertRoom(rows.length);
    };
    try {
      parseRecords(bytes, delimiter, lastLine, file, take);
    } catch (error) {
      if (isWhole || isFirst || holdsLineEnd(bytes)) throw error;
      return { rows, headers, isCutShort: true };
    }
  }
  if (dialect === undefined) throw new InputError(`${file}: must be a tare results file, got an empty file`);
  return { rows, headers, isCutShort: false };
}

function holdsLineEnd(bytes: Buffer): boolean {
  return bytes.includes('\n') || bytes.includes('\r');
}

/** How a file was written. */
export interface Dialect {
  readonly header: readonly string[];
  readonly delimiter: string;
}

/** Columns that every results file has. */
const KEYS = ['schema_version', 'case_id'];
/** Columns that logarithms are taken of. */
const ABOVE_ZERO: readonly string[] = ['p20_ns', 'speedup', 'speedup_ci95_low', 'speedup_ci95_high'];

/** A semicolon is what spreadsheets write where the decimal mark is a comma. */
const DELIMITERS = [',', ';', '\t'];
const LINE_ENDS = ['\r\n', '\n', '\r'];
const UTF16 = [Buffer.of(0xff, 0xfe), Buffer.of(0xfe, 0xff)];

/** Of the file's first bytes. Throws InputError where they begin no results file. */
export function dialectOf(bytes: Buffer, file: string): Dialect {
  if (UTF16.some((mark) => bytes.subarray(0, 2).equals(mark)))
    throw new InputError(`${file}: must be text in UTF-8, got UTF-16; save it as "CSV UTF-8"`);
  const [line] = bytes
    .toString('utf8', 0, MAX_HEADER_BYTES)
    .replace(/^\uFEFF/, '')
    .split(/\r|\n/, 1);
  const delimiter = DELIMITERS.find((mark) => isHeader(line.split(mark).map((name) => name.replace(/^"(.*)"$/, '$1'))));
  if (delimiter === undefined)
    throw new InputError(`${file}: must be a tare results file with the columns schema_version and case_id`);
  const [header] = parse(line, { delimiter });
  return { header, delimiter };
}

const MAX_HEADER_BYTES = 2 ** 20;

/** Record by record: an array of all of them would take more room than the rows. `before` are the file's lines before the bytes. */
function parseRecords(
  bytes: Buffer,
  delimiter: string,
  before: number,
  file: string,
  take: (cells: readonly string[], line: number) => void,
): void {
  const on_record = (cells: readonly string[], { lines }: { lines: number }) => {
    take(cells, lines + before);
    return null;
  };
  try {
    parse(bytes, {
      delimiter,
      bom: true,
      skip_empty_lines: true,
      relax_column_count: true,
      record_delimiter: LINE_ENDS,
      on_record,
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { message } = error as Error;
    const counted =
      error instanceof CsvError ? message.replace(/line (\d+)/, (_, line) => `line ${Number(line) + before}`) : message;
    throw new InputError(`${file}: must be CSV, got ${counted}`);
  }
}

/** Of this file, or of one that was put behind another and may have other columns. */
export function isHeader(cells: readonly string[]): boolean {
  return KEYS.every((name) => cells.includes(name));
}

function parseRow(cells: readonly string[], { header, delimiter }: Dialect, file: string, number: number): ResultRow {
  const textOf = (name: string) => cells[header.indexOf(name)] ?? '';
  if (parseCell(textOf('schema_version'), 'integer', delimiter) !== SCHEMA_VERSION)
    throw new InputError(
      `${file}: must be of schema version ${SCHEMA_VERSION}, got ${textOf('schema_version') || 'none'} in row ${number}; measure again with this tare`,
    );
  if (isMissing(textOf('case_id'))) throw new InputError(`${file}: row ${number}: must have a case_id, got none`);
  const entries = columns.map(({ name, type }) => {
    const text = textOf(name);
    if (isMissing(text)) return [name, undefined];
    const value = parseCell(text, type, delimiter);
    if (value === undefined)
      throw new InputError(
        `${file}: row ${number}: ${name} must be ${article(type)}, got ${text}; take the file as tare wrote it`,
      );
    if (ABOVE_ZERO.includes(name) && !(Number(value) > 0))
      throw new InputError(
        `${file}: row ${number}: ${name} must be above 0, got ${text}; take the file as tare wrote it`,
      );
    return [name, name === 'reason' && typeof value === 'string' ? visibleSentence(value) : value];
  });
  return Object.fromEntries(entries);
}

/** tare leaves a cell empty; R fills it. */
function isMissing(text: string): boolean {
  return text === '' || text === 'NA';
}

function parseCell(text: string, type: CellType, delimiter: string): string | number | boolean | undefined {
  switch (type) {
    case 'text':
      return visibleText(text.replace(ESCAPED_FORMULA, ''));
    case 'boolean':
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
    case 'integer': {
      const value = parseNumber(text, delimiter);
      return Number.isInteger(value) ? value : undefined;
    }
    case 'number':
      return parseNumber(text, delimiter);
    default:
      return type satisfies never;
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function parseNumber(text: string, delimiter: string): number | undefined {
  const pointed = delimiter === ',' ? text : text.replace(',', '.');
  const value = NUMBER.test(pointed) ? Number(pointed) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function article(type: CellType): string {
  return type === 'integer' ? 'a whole number' : type === 'boolean' ? 'true or false' : `a ${type}`;
}
