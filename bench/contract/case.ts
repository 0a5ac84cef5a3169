import type { Problem } from './problem.ts';
import type { Params } from './technique.ts';

export interface Case {
  readonly id: string;
  readonly suite: string;
  readonly technique: string;
  readonly params: Params;
  readonly backend: string;
  readonly problem: Problem;
  /** The case of the baseline technique at the same problem and backend. */
  readonly baselineId: string;
}

/** Seeds of inputs count from here; only another one is spelled out in the case's id. */
export const DEFAULT_SEED = 0;
