import { expect, test } from 'vitest';
import { bootstrapDifference } from './bootstrap.ts';
import { quantile } from './quantile.ts';
import { seededRandom } from './random.ts';

const median = (values: readonly number[]) => quantile(values, 0.5);

test('95 % intervals of a difference of medians cover the true one in about 95 % of samples', () => {
  const random = seededRandom(1);
  const draw = (centre: number) => Array.from({ length: 31 }, () => centre + random.gaussian());
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const interval = bootstrapDifference(draw(10), draw(12), median, random.uniform);
    if (interval !== undefined && interval.low <= 2 && interval.high >= 2) covered++;
  }
  // Binomial(200, 0.95) lies in 180 … 198 with probability above 0.99; the percentile method is known to run slightly off.
  expect(covered).toBeGreaterThanOrEqual(176);
  expect(covered).toBeLessThanOrEqual(199);
});

test('too few rounds on either side give no interval rather than a narrow one', () => {
  const [few, enough] = [
    [1, 2, 3, 4],
    [1, 2, 3, 4, 5],
  ];
  expect(bootstrapDifference(few, enough, median, seededRandom(1).uniform)).toBeUndefined();
  expect(bootstrapDifference(enough, few, median, seededRandom(1).uniform)).toBeUndefined();
});

test('equal values give an interval of no width', () => {
  const [before, after] = [Array(5).fill(3), Array(5).fill(7)];
  expect(bootstrapDifference(before, after, median, seededRandom(1).uniform)).toEqual({ low: 4, high: 4 });
});
