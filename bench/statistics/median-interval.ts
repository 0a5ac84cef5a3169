import type { Interval } from './interval.ts';

/** The extremes of five values hold their median in 1 − 2·2⁻⁵ = 93.75 % of cases only. */
export const MIN_VALUES = 6;
const EACH_TAIL = 0.025;

/**
 * Interval that holds the median of whatever distribution the values were drawn from in at least 95 % of cases: the
 * outermost two of them that a sign test does not reject (Conover 1999, Practical Nonparametric Statistics, § 3.2).
 * Undefined below six values.
 */
export function medianInterval(values: readonly number[]): Interval | undefined {
  if (values.length < MIN_VALUES) return undefined;
  const sorted = Float64Array.from(values).sort();
  const left = leftOut(values.length);
  return { low: sorted[left], high: sorted[sorted.length - 1 - left] };
}

/**
 * How many values may be left out at either end; below six none, though not even all of them then hold the median in 95 %
 * of cases. With `heads` of them left out, the median lies outside where no more
 * than `heads` of n fair coins show heads, which may happen in 2.5 % of cases at each end.
 */
export function leftOut(n: number): number {
  let logChance = -n * Math.LN2;
  let tail = Math.exp(logChance);
  let heads = 0;
  while (tail <= EACH_TAIL) {
    heads++;
    logChance += Math.log((n - heads + 1) / heads);
    tail += Math.exp(logChance);
  }
  return Math.max(0, heads - 1);
}
