// A run with a time budget may have no time for some of its cases. Their rows say so and nothing else: to whoever judges,
// they are as if the run had never been asked for them.
import type { ResultRow } from './columns.ts';

export const OVER_BUDGET = 'budget';

export function isOverBudget({ status, reason }: Pick<ResultRow, 'status' | 'reason'>): boolean {
  return status === 'skipped' && reason === OVER_BUDGET;
}
