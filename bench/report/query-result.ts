// The result of a query in words: a table to read, Markdown for a page, CSV and JSON for programs.
import { stringify } from 'csv-stringify/sync';
import { visibleText } from '../contract/visible-text.ts';
import type { Result, Value } from '../results/database/duckdb.ts';
import { layOut, textColumn } from './text-table.ts';
import { markdownRow } from './verdict-report.ts';

export const queryFormats = ['table', 'csv', 'json', 'markdown'] as const;
export type QueryFormat = (typeof queryFormats)[number];

/** Rows of a table that a person might read; CSV and JSON have them all. */
const MOST_ROWS = 1000;

/** The text, piece by piece: a result need not fit into memory. `width` is that of the terminal. */
export async function* formatResult(result: Result, format: QueryFormat, width: number): AsyncGenerator<string> {
  const columns = columnsOf(result);
  switch (format) {
    case 'csv':
      return yield* csvText(result, columns);
    case 'json':
      return yield* jsonText(result, columns);
    case 'table':
    case 'markdown':
      return yield* textForReaders(result, columns, format, width);
    default:
      return format satisfies never;
  }
}

interface ResultColumn {
  readonly name: string;
  readonly isNumber: boolean;
}

const WHOLE_OR_DECIMAL = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,\d+\))$/;
const FLOATING = /^(FLOAT|DOUBLE)$/;

function columnsOf(result: Result): ResultColumn[] {
  const types = result.columnTypes().map(String);
  return result.deduplicatedColumnNames().map((name, i) => ({
    name: visibleText(name),
    isNumber: WHOLE_OR_DECIMAL.test(types[i]) || FLOATING.test(types[i]),
  }));
}

/** Numbers that a double holds exactly come as numbers; what controls a terminal is made visible. */
function shownValue(value: Value, isNumber: boolean): Value {
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return value.map((part) => shownValue(part, false));
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [visibleText(name), shownValue(part, false)]),
    );
  }
  if (typeof value !== 'string') return value;
  if (!isNumber) return visibleText(value);
  const number = Number(value);
  return Number.isSafeInteger(number) || !Number.isInteger(number) ? number : value;
}

async function* rowsOf(result: Result, columns: readonly ResultColumn[]): AsyncGenerator<Value[][]> {
  for await (const rows of result.yieldRowsJson())
    yield rows.map((cells) => cells.map((cell, i) => shownValue(cell, columns[i].isNumber)));
}

async function* csvText(result: Result, columns: readonly ResultColumn[]): AsyncGenerator<string> {
  const options = {
    escape_formulas: true,
    cast: { boolean: String, object: (value: object) => JSON.stringify(value) },
  };
  yield stringify([columns.map(({ name }) => name)], options);
  for await (const rows of rowsOf(result, columns)) yield stringify(rows, options);
}

async function* jsonText(result: Result, columns: readonly ResultColumn[]): AsyncGenerator<string> {
  let before = '[';
  for await (const rows of rowsOf(result, columns)) {
    const objects = rows.map((cells) => Object.fromEntries(cells.map((cell, i) => [columns[i].name, cell])));
    for (const object of objects) {
      yield `${before}\n${JSON.stringify(object)}`;
      before = ',';
    }
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

async function* textForReaders(
  result: Result,
  columns: readonly ResultColumn[],
  format: 'table' | 'markdown',
  width: number,
): AsyncGenerator<string> {
  const { shown, isMore } = await firstRows(result, columns);
  if (format === 'markdown') {
    const rule = columns.map(({ isNumber }) => (isNumber ? '--:' : '---'));
    const lines = [columns.map(({ name }) => name), ...shown.map((cells) => cells.map(cellText))].map(markdownRow);
    yield `${[lines[0], `| ${rule.join(' | ')} |`, ...lines.slice(1)].join('\n')}\n`;
  } else if (columns[0].name === 'explain_key') yield planText(shown);
  else yield tableText(shown, columns, width);
  if (isMore) yield `\nthe first ${MOST_ROWS} rows; --format csv and json have all of them\n`;
}

async function firstRows(result: Result, columns: readonly ResultColumn[]) {
  const shown: Value[][] = [];
  for await (const rows of rowsOf(result, columns)) {
    shown.push(...rows);
    if (shown.length > MOST_ROWS) return { shown: shown.slice(0, MOST_ROWS), isMore: true };
  }
  return { shown, isMore: false };
}

function tableText(rows: readonly Value[][], columns: readonly ResultColumn[], width: number): string {
  if (rows.length === 0) return 'no rows\n';
  const [name, ...figures] = columns.map((column, i) =>
    textColumn(
      column.name,
      rows.map((cells) => cellText(cells[i])),
      column.isNumber ? 'right' : 'left',
    ),
  );
  return `${layOut({ names: [name], figures }, width).join('\n')}\n`;
}

/** A plan is a drawing; its lines came as escaped line ends. */
function planText(rows: readonly Value[][]): string {
  return `${rows
    .map((cells) => String(cells[1]).replaceAll('\\u{a}', '\n'))
    .join('\n')
    .trimEnd()}\n`;
}

/** Digits of a figure that anybody reads. */
const DIGITS = 6;

function cellText(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS)));
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
