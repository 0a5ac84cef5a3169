import { quantile } from './quantile.ts';

/** p20 moves least under the noise of shared machines: the minimum catches lucky samples, the median preemption. */
export const LOCATION = 0.2;

/** log(baseline time / candidate time) of each round that both have samples of, p20 against p20. */
export function roundLogRatios(
  candidate: readonly (readonly number[])[],
  baseline: readonly (readonly number[])[],
): number[] {
  return candidate.flatMap((round, r) => {
    if (round.length === 0 || !baseline[r]?.length) return [];
    return [Math.log(quantile(baseline[r], LOCATION) / quantile(round, LOCATION))];
  });
}
