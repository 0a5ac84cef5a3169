import type { Case } from '../../contract/case.ts';
import type { Params } from '../../contract/technique.ts';

/** Checkouts of the two versions. */
export interface Projects {
  readonly base: string;
  readonly head: string;
}

/** A case and what of its technique bears on the verdict. */
export interface ComparedCase {
  /** As head has it. */
  readonly case: Case;
  /** Its parameters as base spells them. */
  readonly baseParams: Params;
  readonly irregularAccess: boolean;
}
