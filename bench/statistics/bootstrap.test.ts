import { expect, test } from 'vitest';
import { bootstrapInterval } from './bootstrap.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';

const median = (values: readonly number[]) => quantile(values, 0.5);

test('95 % intervals of a median cover the true one in about 95 % of samples', () => {
  const random = seededRandom(1);
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const sample = Array.from({ length: 31 }, () => 10 + random.gaussian());
    const interval = bootstrapInterval(sample, median, random.uniform);
    if (interval !== undefined && interval.low <= 10 && interval.high >= 10) covered++;
  }
  // Binomial(200, 0.95) lies in 180 … 198 with probability above 0.99; the percentile method is known to run slightly low.
  expect(covered).toBeGreaterThanOrEqual(176);
  expect(covered).toBeLessThanOrEqual(199);
});

test('too few rounds give no interval rather than a narrow one', () => {
  expect(bootstrapInterval([1, 2, 3, 4], median, seededRandom(1).uniform)).toBeUndefined();
});

test('equal values give an interval of no width', () => {
  expect(bootstrapInterval([3, 3, 3, 3, 3], median, seededRandom(1).uniform)).toEqual({ low: 3, high: 3 });
});
