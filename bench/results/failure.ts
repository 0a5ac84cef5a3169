// Which rows make a run fail, and why.
import type { ResultRow } from './columns.ts';

export function isFailure({ status, drift_ok }: ResultRow): boolean {
  return status === 'incorrect' || status === 'error' || status === 'timeout' || status === 'oom' || drift_ok === false;
}

/** Why a row fails its drift budget. */
export function driftReason({ sqnr_db, drift_budget_db, nonfinite }: ResultRow): string {
  if (nonfinite) return `${nonfinite} values of the output are not finite`;
  return `drift: SQNR must reach ${drift_budget_db} dB, got ${sqnr_db?.toFixed(1)}`;
}
