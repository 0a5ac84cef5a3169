import { expect, test } from 'vitest';
import { blockInterval } from './block-bootstrap.ts';
import { seededRandom } from './random.ts';

/** Values of an autoregressive process, with the tail of a log-normal where that is wanted. */
function series(length: number, correlation: number, tail: number, gaussian: () => number): Float64Array {
  let z = gaussian();
  return Float64Array.from({ length }, () => {
    z = correlation * z + Math.sqrt(1 - correlation ** 2) * gaussian();
    return tail > 0 ? Math.exp(tail * z) : z;
  });
}

function coverage(length: number, correlation: number, tail: number, blockLength: number): number {
  const { gaussian } = seededRandom(1);
  const { uniform } = seededRandom(2);
  const truth = tail > 0 ? Math.exp(tail ** 2 / 2) : 0;
  const trials = Array.from({ length: 200 }, () => {
    return blockInterval(series(length, correlation, tail, gaussian), blockLength, uniform) ?? { low: 0, high: 0 };
  });
  return trials.filter(({ low, high }) => low <= truth && truth <= high).length;
}

// Binomial(200, 0.95) lies in 179 … 199 with probability 0.999.
test.each([
  ['values that take after their neighbours', 1024, 0.7, 0, 64],
  ['the same with a long tail, as divergences have', 1024, 0.5, 1, 64],
  ['a short text', 512, 0.5, 0, 64],
] as const)('the mean of %s is covered in 95 %% of cases', (_, length, correlation, tail, blockLength) => {
  const covered = coverage(length, correlation, tail, blockLength);
  expect(covered).toBeGreaterThanOrEqual(179);
  expect(covered).toBeLessThanOrEqual(199);
});

test('blocks of four values miss what those around them repeat', () => {
  expect(coverage(512, 0.9, 0, 4)).toBeLessThan(160);
});

test('it lies around the mean, and under one seed it is the same again', () => {
  const values = series(640, 0.5, 1, seededRandom(3).gaussian);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const interval = blockInterval(values, 64, seededRandom(4).uniform);
  expect(interval?.low).toBeLessThan(mean);
  expect(interval?.high).toBeGreaterThan(mean);
  expect(blockInterval(values, 64, seededRandom(4).uniform)).toEqual(interval);
});

test('five blocks are the fewest; where all are alike it has no width', () => {
  const { uniform } = seededRandom(5);
  expect(blockInterval(new Float64Array(319), 64, uniform)).toBeUndefined();
  expect(blockInterval(new Float64Array(320).fill(3), 64, uniform)).toEqual({ low: 3, high: 3 });
});
