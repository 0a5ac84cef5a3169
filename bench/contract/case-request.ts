import type { Browser } from './browser.ts';
import type { Budget } from './budget.ts';
import type { Case } from './case.ts';
import type { Scoring } from './scoring.ts';

export interface CaseRequest {
  readonly case: Case;
  readonly budget: Budget;
  /** How much of a model's text is predicted, where this pass is to score it. */
  readonly scoring?: Scoring;
  /** The best that the canary showed in this run on the same backend, in cycles; see CoreReport. */
  readonly bestCanaryCycles?: number;
  /** What the processor takes without it, W, where that can be told; see the column energy_j. */
  readonly idleW?: number;
  /** Folders techniques are looked up in. */
  readonly kernelsDirs: readonly string[];
  /** For backends that use several. */
  readonly threads: number;
  /** For backends whose page is opened in it. */
  readonly browser?: Browser;
  /** Its page's console is shown. */
  readonly debug: boolean;
}
