import type { ResultRow } from '../results/columns.ts';

/** What a run came to. */
export interface RunOutcome {
  readonly runId: string;
  readonly csvPath: string;
  readonly rows: readonly ResultRow[];
  /** What was left out of the selection. */
  readonly notes: readonly string[];
  readonly interrupted: boolean;
  /** Cases without a row: more than 0 only where the run was interrupted. */
  readonly missing: number;
}
