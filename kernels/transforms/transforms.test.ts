import { expect, test } from 'vitest';
import { seededRandom } from '../../bench/statistics/random.ts';
import { hadamardBlock, hadamardRows, hadamardSkip } from './hadamard.ts';
import { smooth, smoothRows } from './smooth.ts';

const gaussians = (seed: number, length: number) => {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => random.gaussian());
};

/** X·Wᵀ [M,N] in float64. */
function product(X: Float32Array, W: Float32Array, K: number): number[] {
  const Y: number[] = [];
  for (let m = 0; m < X.length; m += K) {
    for (let n = 0; n < W.length; n += K) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += X[m + k] * W[n + k];
      Y.push(sum);
    }
  }
  return Y;
}

/** How far outputs are from those of the inputs as they were, beside the largest of them. */
function change(before: readonly number[], after: readonly number[]): number {
  return Math.max(...after.map((y, i) => Math.abs(y - before[i]))) / Math.max(...before.map(Math.abs));
}

test.each([
  { K: 4096, block: 4096 },
  { K: 1536, block: 512 },
  { K: 96, block: 32 },
  { K: 32, block: 32 },
  { K: 48, block: undefined },
  { K: 261, block: undefined },
])('rows of $K are transformed in blocks of $block', ({ K, block }) => {
  expect(hadamardBlock(K)).toBe(block);
  expect(hadamardSkip(K)).toBe(block === undefined ? `K: must be a multiple of 32, got ${K}` : undefined);
});

test("Sylvester's matrix of four: rows of H/2, in his order", () => {
  const rows = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  hadamardRows(rows, 4, 4);
  expect([...rows].map((value) => 2 * value)).toEqual([1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1]);
});

test('transforming twice gives the values back, and keeps the length of every block', () => {
  const X = Float64Array.from(gaussians(1, 3 * 96));
  const transformed = X.slice();
  hadamardRows(transformed, 96, 32);
  for (let from = 0; from < X.length; from += 32) {
    const [before, after] = [X, transformed].map((values) => Math.hypot(...values.subarray(from, from + 32)));
    expect(after).toBeCloseTo(before, 12);
  }
  hadamardRows(transformed, 96, 32);
  transformed.forEach((value, i) => {
    expect(value).toBeCloseTo(X[i], 13);
  });
});

test('an outlier is spread evenly over its block and no further', () => {
  const X = new Float32Array(128);
  X[70] = 8;
  hadamardRows(X, 128, 64);
  expect([...X].map(Math.abs)).toEqual([...Array(64).fill(0), ...Array(64).fill(1)]);
});

test('weights and activations both transformed multiply to the same outputs', () => {
  const [X, W] = [gaussians(1, 5 * 192), gaussians(2, 7 * 192)];
  const before = product(X, W, 192);
  for (const A of [X, W]) hadamardRows(A, 192, hadamardBlock(192)!);
  expect(change(before, product(X, W, 192))).toBeLessThan(1e-6);
});

/** Activations [rows,5]: an outlier in channel 1, zeros in channel 3; W [4,5] with zeros in channel 4. */
function outliers() {
  const X = gaussians(3, 20 * 5).map((x, i) => x * [1, 100, 0.01, 0, 1][i % 5]);
  const W = gaussians(4, 4 * 5).map((w, i) => (i % 5 === 4 ? 0 : w));
  return { X, W, shape: { N: 4, K: 5 }, calibration: { X, rows: 20 } };
}

test('smoothed weights and activations multiply to the same outputs', () => {
  const { X, W, shape, calibration } = outliers();
  const before = product(X, W, 5);
  const smoothed = smooth(W, shape, calibration);
  const divided = X.slice();
  smoothRows(divided, 5, smoothed.channels);
  expect(change(before, product(divided, smoothed.W, 5))).toBeLessThan(1e-6);
});

test('smoothing gives activations and weights of a channel the same share of its range', () => {
  const { X, W, shape, calibration } = outliers();
  const { channels, W: scaled } = smooth(W, shape, calibration);
  const divided = X.slice();
  smoothRows(divided, 5, channels);
  const largest = (A: Float32Array, k: number) => Math.max(...A.filter((_, i) => i % 5 === k).map(Math.abs));
  const ratios = [0, 1, 2].map((k) => largest(divided, k) / largest(scaled, k));
  expect(ratios[1] / ratios[0]).toBeCloseTo(1, 5);
  expect(ratios[2] / ratios[0]).toBeCloseTo(1, 5);
});

test('channels of zeros on either side stay as they are, and the others are neither larger nor smaller on the whole', () => {
  const { W, shape, calibration } = outliers();
  const { channels } = smooth(W, shape, calibration);
  expect([channels[3], channels[4]]).toEqual([1, 1]);
  expect(channels[0] * channels[1] * channels[2]).toBeCloseTo(1, 5);
  const nothing = smooth(new Float32Array(20), shape, { X: new Float32Array(5), rows: 1 });
  expect([...nothing.channels]).toEqual([1, 1, 1, 1, 1]);
});
