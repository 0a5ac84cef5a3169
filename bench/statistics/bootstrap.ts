import type { Interval } from './interval.ts';
import { quantileSorted } from './quantile.ts';

const RESAMPLES = 1000;

/** Below it the percentiles could not reach 2.5 %. */
const MIN_GROUPS = 5;

/**
 * 95 % percentile bootstrap interval of the difference that a statistic makes between two independent sets of groups,
 * second minus first (Efron & Tibshirani 1993, § 13.3). Whole groups are resampled, as samples of one round share the
 * machine's state. Undefined where either has fewer than five groups.
 * @param uniform numbers in [0,1)
 */
export function bootstrapDifference<Group>(
  first: readonly Group[],
  second: readonly Group[],
  statistic: (resampled: readonly Group[]) => number,
  uniform: () => number,
): Interval | undefined {
  if (Math.min(first.length, second.length) < MIN_GROUPS) return undefined;
  return percentiles(() => statistic(resample(second, uniform)) - statistic(resample(first, uniform)));
}

function percentiles(estimate: () => number): Interval {
  const estimates = Float64Array.from({ length: RESAMPLES }, estimate).sort();
  return { low: quantileSorted(estimates, 0.025), high: quantileSorted(estimates, 0.975) };
}

function resample<Group>(groups: readonly Group[], uniform: () => number): Group[] {
  return groups.map(() => groups[Math.floor(uniform() * groups.length)]);
}
