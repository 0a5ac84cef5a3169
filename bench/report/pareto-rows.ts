// Which rows are on the Pareto front of time, bytes with scratch and SQNR, among those of their problem and backend.

import type { ResultRow } from '../results/columns.ts';
import { isFailure } from '../results/failure.ts';
import { isBaseline, problemTitle } from '../results/row-labels.ts';
import { paretoFront } from '../statistics/pareto.ts';

export function paretoRows(rows: readonly ResultRow[]): Set<ResultRow> {
  const groups = Map.groupBy(rows, (row) => `${problemTitle(row)} ${row.backend}`);
  return new Set([...groups.values()].flatMap(frontOf));
}

function frontOf(rows: readonly ResultRow[]): ResultRow[] {
  const candidates = rows
    .filter((row) => row.p20_ns !== undefined && !isFailure(row))
    .map((row) => ({
      row,
      // Times of different processes are not compared: each technique's ratio to the baseline in its own process is.
      relativeTime: 1 / (isBaseline(row) ? 1 : (row.speedup ?? 0)),
      bytes: (row.stored_bytes ?? 0) + (row.workspace_bytes ?? 0),
      driftDb: wholeDb(row.sqnr_db),
    }));
  return paretoFront(candidates).map(({ row }) => row);
}

/** Differences below a decibel are rounding of f32, not compression. */
function wholeDb(sqnrDb: number | undefined): number {
  return sqnrDb === undefined ? Number.POSITIVE_INFINITY : Math.min(Math.round(sqnrDb), LOSSLESS_DB);
}

/** What f32 arithmetic alone leaves; above it techniques count as equally exact. */
export const LOSSLESS_DB = 110;
