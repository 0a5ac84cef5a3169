// A run with a time budget may have no time for some of its cases, and shards may be joined though one is missing. The rows of such
// cases say so and nothing else: to whoever judges, they are as if the run had never been asked for them.
import type { ResultRow } from './columns.ts';

export const OVER_BUDGET = 'budget';
export const SHARD_MISSING = 'shard missing';
export const LEFT_OUT: readonly string[] = [OVER_BUDGET, SHARD_MISSING];

export function isLeftOut({ status, reason = '' }: Pick<ResultRow, 'status' | 'reason'>): boolean {
  return status === 'skipped' && LEFT_OUT.includes(reason);
}
