import { expect, test } from 'vitest';
import { medianInterval } from './median-interval.ts';
import { seededRandom } from './random.ts';

/** From the tables of the sign test, as in Conover 1999; also R's qbinom(0.025, n, 0.5) and n + 1 less that. */
test.each([
  [6, 1, 6],
  [8, 1, 8],
  [9, 2, 8],
  [15, 4, 12],
  [20, 6, 15],
  [25, 8, 18],
  [30, 10, 21],
  [31, 10, 22],
])('of %i values it reaches from the one at rank %i to that at %i', (n, low, high) => {
  // 7919 is prime to every n, so that each rank comes once, in no order.
  const ranks = Array.from({ length: n }, (_, i) => ((i * 7919) % n) + 1);
  expect(medianInterval(ranks)).toEqual({ low, high });
});

test('five values have none', () => {
  expect(medianInterval([1, 2, 3, 4, 5])).toBeUndefined();
});

test('thousands of values have a narrow one', () => {
  const { low, high } = medianInterval(Array.from({ length: 10_000 }, (_, i) => i)) ?? { low: 0, high: 0 };
  // n/2 ± 1.96·√n/2
  expect([low, high]).toEqual([expect.closeTo(4901.5, -1), expect.closeTo(5097.5, -1)]);
});

test.each([6, 7, 10, 15])('%i values of a lopsided distribution cover its median in 95 % of cases', (n) => {
  const { uniform } = seededRandom(n);
  let covered = 0;
  for (let trial = 0; trial < 2000; trial++) {
    const interval = medianInterval(Array.from({ length: n }, () => -Math.log(1 - uniform())));
    if (interval !== undefined && interval.low <= Math.LN2 && Math.LN2 <= interval.high) covered++;
  }
  // Binomial(2000, 0.95) stays above 1877 with probability 0.99; the median of an exponential distribution is ln 2.
  expect(covered).toBeGreaterThanOrEqual(1877);
});
