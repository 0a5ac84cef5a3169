import type { Case } from '../contract/case.ts';
import type { ResultRow } from '../results/columns.ts';

/** Told before each pass of a case and after it, where the case is finished with its row. */
export interface CaseEvent {
  readonly case: Case;
  /** Of the passes of all cases that this call measures, from 1. */
  readonly number: number;
  readonly total: number;
  readonly pass: number;
  readonly passes: number;
  readonly row?: ResultRow;
}
