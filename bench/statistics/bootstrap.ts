import { quantileSorted } from './quantile.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1000;

/**
 * 95 % percentile bootstrap interval of a statistic over groups that were drawn together (Efron & Tibshirani 1993,
 * §13.3): whole groups are resampled, as samples of one round share the machine's state. Undefined below five groups,
 * where the percentiles could not reach 2.5 %.
 * @param uniform numbers in [0,1)
 */
export function bootstrapInterval<Group>(
  groups: readonly Group[],
  statistic: (resampled: readonly Group[]) => number,
  uniform: () => number,
): Interval | undefined {
  if (groups.length < 5) return undefined;
  const estimates = new Float64Array(RESAMPLES);
  const resampled = groups.slice();
  for (let r = 0; r < RESAMPLES; r++) {
    for (let i = 0; i < groups.length; i++) resampled[i] = groups[Math.floor(uniform() * groups.length)];
    estimates[r] = statistic(resampled);
  }
  estimates.sort();
  return { low: quantileSorted(estimates, 0.025), high: quantileSorted(estimates, 0.975) };
}
