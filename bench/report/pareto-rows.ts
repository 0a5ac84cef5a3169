// Which rows of a run are worth taking: those on the Pareto front of time, bytes with scratch and SQNR, which means that no
// other one is at least as fast, as small and as exact and better in one of the three; and the fastest of each technique.

import type { ResultRow } from '../results/columns.ts';
import { isFailure } from '../results/failure.ts';
import { isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { paretoFront } from '../statistics/pareto.ts';

/**
 * The least SQNR at which an output counts as kept: the error then has a hundredth of the output's energy. Four bits in
 * small groups, the coarsest weights that are widely used as they come, keep about so much; what keeps less has to be
 * trained again or calibrated before it is of use.
 */
export const DEFAULT_MIN_SQNR_DB = 20;

/**
 * Those worth a mark, each among the rows of its problem and backend. The baseline takes part and is never marked: being
 * uncompressed is no find. What was noisy or keeps less than `minSqnrDb` of the output beats nothing and is not marked.
 */
export function paretoRows(rows: readonly ResultRow[], minSqnrDb: number): Set<ResultRow> {
  const groups = Map.groupBy(rows, (row) => `${problemTitle(row)} ${row.backend}`);
  const fronts = [...groups.values()].flatMap((group) => {
    const candidates = group.filter((row) => isBaseline(row) || isTrusted(row, minSqnrDb));
    return frontOf(candidates);
  });
  return new Set(fronts.filter((row) => !isBaseline(row)));
}

/** Each technique on the backend where it is fastest, by absolute times, the baseline too. */
export function bestRows(rows: readonly ResultRow[], minSqnrDb: number): ResultRow[] {
  const trusted = rows.filter((row) => isTrusted(row, minSqnrDb));
  const time = ({ p20_ns = Number.POSITIVE_INFINITY }: ResultRow) => p20_ns;
  return [...Map.groupBy(trusted, techniqueLabel).values()].map((group) =>
    group.reduce((best, row) => (time(row) < time(best) ? row : best)),
  );
}

/** Of whole models, whose perplexity may grow by a tenth: one that grows by more would be made up for by a smaller model. */
const MOST_PPL_RATIO = 1.1;
/** What stands in the tables' legends. */
export const PREDICTIONS = `divergence from the uncompressed model's predictions in nats, and by how much perplexity grows; ◆ up to ${Math.round(100 * (MOST_PPL_RATIO - 1))} %`;

function isTrusted(row: ResultRow, minSqnrDb: number): boolean {
  return row.status === 'ok' && row.p20_ns !== undefined && !isFailure(row) && isExactEnough(row, minSqnrDb);
}

function isExactEnough({ op, sqnr_db, ppl_ratio = 1 }: ResultRow, minSqnrDb: number): boolean {
  return op === 'model' ? ppl_ratio <= MOST_PPL_RATIO : (sqnr_db ?? Number.POSITIVE_INFINITY) >= minSqnrDb;
}

function frontOf(rows: readonly ResultRow[]): ResultRow[] {
  const candidates = rows.map((row) => ({
    row,
    // Times of different processes are not compared: each technique's ratio to the baseline in its own process is.
    relativeTime: 1 / (isBaseline(row) ? 1 : (row.speedup ?? 0)),
    bytes: (row.stored_bytes ?? 0) + (row.workspace_bytes ?? 0),
    driftDb: wholeDb(driftDb(row)),
  }));
  return paretoFront(candidates).map(({ row }) => row);
}

/** What a model's predictions lose is put on the same scale. */
function driftDb({ op, sqnr_db, kld_mean }: ResultRow): number | undefined {
  if (op !== 'model') return sqnr_db;
  return kld_mean === undefined || kld_mean === 0 ? undefined : -10 * Math.log10(kld_mean);
}

/** Differences below a decibel are rounding of f32, not compression. */
function wholeDb(sqnrDb: number | undefined): number {
  return sqnrDb === undefined ? Number.POSITIVE_INFINITY : Math.min(Math.round(sqnrDb), LOSSLESS_DB);
}

/** What f32 arithmetic alone leaves; above it techniques count as equally exact. */
export const LOSSLESS_DB = 110;
