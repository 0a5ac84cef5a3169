import type { Interval } from './interval.ts';

/** Two-sided 5 % of a standard normal. */
const Z = 1.959963984540054;

/**
 * 95 % interval of (gained − lost) / n, by how much two proportions of the same n items differ: `gained` of them are right only the
 * second time, `lost` only the first. Wald's interval with half an item added to each of the four kinds, which holds what it promises
 * where few items differ or none (Agresti & Min, Statistics in Medicine 24, 2005).
 */
export function matchedDifferenceInterval(gained: number, lost: number, n: number): Interval {
  const [plus, minus, total] = [gained + 0.5, lost + 0.5, n + 2];
  const centre = (plus - minus) / total;
  const reach = (Z * Math.sqrt(plus + minus - (plus - minus) ** 2 / total)) / total;
  return { low: centre - reach, high: centre + reach };
}
