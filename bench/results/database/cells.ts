// Cells of a results CSV in SQL, typed by the table of columns and never by looking at them: what csv.ts reads, and back to
// the bytes it writes.
import { type CellType, columns } from '../columns.ts';
import { quotedName, quotedText } from './duckdb.ts';

export const SQL_TYPES = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
} as const satisfies Record<CellType, string>;

const TYPES: ReadonlyMap<string, CellType> = new Map(columns.map(({ name, type }) => [name, type]));

/** Columns that this version doesn't know are text. */
export function typeOfColumn(name: string): CellType {
  return TYPES.get(name) ?? 'text';
}

/** First characters that csv.ts writes behind an apostrophe, since a spreadsheet would take the cell for a formula. (An IN would become a join for each column.) */
const FORMULA = '[=+@\\t\\r-]';

/** What DuckDB reads a column of a CSV as. Whole numbers may have been saved as `1.0`. */
export function typeInCsv(name: string): string {
  const type = typeOfColumn(name);
  return type === 'integer' ? SQL_TYPES.number : SQL_TYPES[type];
}

/** The value of what was read so, under the column's name; an error that names `filename` and the column where it holds none. */
export function valueOfCell(name: string): string {
  const cell = quotedName(name);
  const rule = quotedText(`: ${name} must be a whole number, got `);
  const value = {
    text: `CASE WHEN regexp_matches(${cell}, '^''${FORMULA}') THEN substr(${cell}, 2) ELSE ${cell} END`,
    boolean: cell,
    integer: `CASE WHEN ${cell} = trunc(${cell}) THEN CAST(${cell} AS BIGINT) WHEN ${cell} IS NULL THEN NULL ELSE error(filename || ${rule} || ${cell}) END`,
    number: cell,
  }[typeOfColumn(name)];
  return `${value} AS ${cell}`;
}

/** The cell that csv.ts writes for a value of the column. */
export function cellOfValue(name: string): string {
  const value = quotedName(name);
  const cell = {
    text: `CASE WHEN regexp_matches(${value}, '^${FORMULA}') THEN '''' || ${value} ELSE ${value} END`,
    boolean: `CAST(${value} AS VARCHAR)`,
    integer: `CAST(${value} AS VARCHAR)`,
    number: textOfNumber(value),
  }[typeOfColumn(name)];
  const quoted = `CASE WHEN contains(${cell}, ',') OR contains(${cell}, '"') THEN '"' || replace(${cell}, '"', '""') || '"' ELSE ${cell} END`;
  return `coalesce(${typeOfColumn(name) === 'text' ? quoted : cell}, '')`;
}

/**
 * A number as JavaScript writes it (ECMA-262, Number::toString): the same shortest digits as DuckDB's, but plain from 1e-6 to
 * 1e21, and exponents without leading zeros.
 */
export function textOfNumber(value: string): string {
  const text = `CAST(${value} AS VARCHAR)`;
  const size = `abs(${value})`;
  const small = `(CASE WHEN ${value} < 0 THEN '-' ELSE '' END) || '0.' || repeat('0', -1 - CAST(split_part(${text}, 'e', 2) AS INTEGER)) || replace(replace(split_part(${text}, 'e', 1), '.', ''), '-', '')`;
  return `CASE WHEN ${value} = trunc(${value}) AND ${size} < 9e15 THEN CAST(CAST(${value} AS BIGINT) AS VARCHAR)
    WHEN ${size} >= 1e-6 AND contains(${text}, 'e-') THEN ${small}
    ELSE replace(replace(${text}, 'e-0', 'e-'), 'e+0', 'e+') END`;
}
