// Which rows make a run fail, and why.
import type { ResultRow } from './columns.ts';
import { isLeftOut, OVER_BUDGET, SHARD_MISSING } from './left-out.ts';

export function isFailure({ status, drift_ok }: ResultRow): boolean {
  return status === 'incorrect' || status === 'error' || status === 'timeout' || status === 'oom' || drift_ok === false;
}

/**
 * What came of a case, in a word: its status, or `drifted` where it ran and yet kept too little of the output, or `over
 * budget` where the run's time had no room for it, or `shard missing`.
 */
export function outcomeOf(row: Pick<ResultRow, 'status' | 'drift_ok' | 'reason'>): string {
  if (isLeftOut(row)) return row.reason === OVER_BUDGET ? 'over budget' : SHARD_MISSING;
  const hasRun = row.status === 'ok' || row.status === 'noisy';
  return hasRun && row.drift_ok === false ? 'drifted' : (row.status ?? '');
}

/** Why a row fails: what it kept too little of, or the reason it was given. */
export function failureReason(row: ResultRow): string {
  return outcomeOf(row) === 'drifted' ? driftReason(row) : (row.reason ?? '');
}

/** Why a row fails its drift budget. */
function driftReason({ sqnr_db, drift_budget_db, nonfinite }: ResultRow): string {
  if (nonfinite) return `${nonfinite} values of the output are not finite`;
  return `drift: SQNR must reach ${drift_budget_db} dB, got ${sqnr_db?.toFixed(1)}`;
}
