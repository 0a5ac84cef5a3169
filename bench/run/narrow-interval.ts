// When a case has been measured enough for a run that has to be done in time.
import type { PassRecord } from '../results/pass-log.ts';
import { joinRatios } from './join-passes.ts';

/** Fewer processes tell nothing of how the next one would differ. */
const LEAST_PASSES = 3;
/** Of the speed-up's interval, half: smaller changes are taken for none anyway (judge/compare.ts). */
const NARROW = Math.log(1.02);

/**
 * Whether the interval is as narrow as it need be. It is the width that ends the measuring of a case, never a difference
 * that would count as one: that would end it where luck has it.
 */
export function isNarrow(records: readonly PassRecord[]): boolean {
  if (records.length < LEAST_PASSES) return false;
  const { ci95 } = joinRatios(records.flatMap(({ result }) => result.samples ?? []));
  return ci95 !== undefined && Math.log(ci95.high / ci95.low) / 2 <= NARROW;
}
