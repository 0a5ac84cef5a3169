import { expect, test } from 'vitest';
import { clusteredInterval } from './clustered-interval.ts';
import { quantile, quantileSorted } from './quantile.ts';
import { seededRandom } from './random.ts';

const p20 = (rounds: readonly (readonly number[])[]) => quantile(rounds.flat(), 0.2);

/** Times in rounds: standard deviation between rounds, within one, samples a round, and how long a tail they have. */
function roundsOf(seed: number, [between, within, samples]: readonly [number, number, number], tail: number) {
  const { gaussian } = seededRandom(seed);
  return () => {
    const level = between * gaussian();
    return Array.from({ length: samples }, () =>
      Math.exp(level + within * gaussian() + tail * Math.abs(gaussian()) ** 3),
    );
  };
}

test.each([
  ['rounds vary', 6, [0.05, 0.01, 5], 0],
  ['a round is one sample', 6, [0.05, 0, 1], 0],
  ['samples vary, with a long tail', 10, [0.01, 0.05, 5], 0.05],
] as const)('the p20 is covered in nine of ten cases where %s', (_, rounds, spread, tail) => {
  const draw = roundsOf(1, spread, tail);
  const all = Array.from({ length: 100_000 / spread[2] }, draw).flat();
  const truth = quantileSorted(Float64Array.from(all).sort(), 0.2);
  const { uniform } = seededRandom(2);
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const { low, high } = clusteredInterval(Array.from({ length: rounds }, draw), p20, uniform) ?? { low: 0, high: 0 };
    if (low <= truth && truth <= high) covered++;
  }
  // Binomial(200, 0.93) lies in 173 … 197 with probability 0.999; what covers 80 % stays below with 0.99.
  expect(covered).toBeGreaterThanOrEqual(173);
  expect(covered).toBeLessThanOrEqual(198);
});

test('the reach is Student’s t times the standard error', () => {
  // Resampled values of 1 and e, half each: their mean logarithm varies by √(0.25/10), enlarged by √(10/9) to 1/6.
  const groups = Array.from({ length: 10 }, (_, i) => [i % 2]);
  const meanOf = (drawn: readonly number[][]) => Math.exp(drawn.flat().reduce((a, b) => a + b) / drawn.length);
  const { low, high } = clusteredInterval(groups, meanOf, seededRandom(3).uniform) ?? { low: 0, high: 0 };
  // t of nine degrees of freedom, 2.5 % in each tail: 2.262. 200 resamples know a deviation to 5 %.
  expect(Math.log(high) - 0.5).toBeCloseTo(2.262 / 6, 1);
  expect(0.5 - Math.log(low)).toBeCloseTo(Math.log(high) - 0.5, 10);
});

test('four groups have none, equal ones one of no width', () => {
  const { uniform } = seededRandom(1);
  expect(clusteredInterval([[1], [2], [3], [4]], p20, uniform)).toBeUndefined();
  const equal = clusteredInterval(Array(5).fill([3]), p20, uniform);
  expect(equal).toEqual({ low: expect.closeTo(3, 10), high: expect.closeTo(3, 10) });
});
