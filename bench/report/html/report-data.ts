// What a page is told beside its text: rows for its tables, and a history with its figures.
import type { ResultRow } from '../../results/columns.ts';
import type { HistoryData } from './history-data.ts';

export interface ReportData {
  readonly runs: readonly TableData[];
  readonly history?: HistoryData;
}

/** Rows as columns, of those columns only that have a value: names then stand there once. */
export interface TableData {
  readonly length: number;
  readonly columns: Readonly<Record<string, readonly Cell[]>>;
  /** Indices of rows that are on the front of their backend. */
  readonly front: readonly number[];
  /** The command that measures the row again. */
  readonly commands: readonly string[];
}

/** JSON has no undefined. */
type Cell = string | number | boolean | null;

export function tableData(
  rows: readonly ResultRow[],
  fronts: ReadonlySet<ResultRow>,
  commands: readonly string[],
): TableData {
  const names = new Set(rows.flatMap((row) => Object.keys(row) as (keyof ResultRow)[]));
  const columns = [...names].flatMap((name) => {
    const cells = rows.map((row) => row[name] ?? null);
    return cells.every((cell) => cell === null) ? [] : [[name, cells] as const];
  });
  return {
    length: rows.length,
    columns: Object.fromEntries(columns),
    front: rows.flatMap((row, i) => (fronts.has(row) ? [i] : [])),
    commands,
  };
}

export function rowsOf({ length, columns }: TableData): ResultRow[] {
  const entries = Object.entries(columns);
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(entries.map(([name, cells]) => [name, cells[i] ?? undefined])),
  );
}
