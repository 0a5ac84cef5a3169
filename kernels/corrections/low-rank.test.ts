import { expect, test } from 'vitest';
import type { Calibration } from '../../bench/contract/calibration.ts';
import { seededRandom } from '../../bench/statistics/random.ts';
import { roundToNearest } from '../grid/grid.ts';
import { decodeChoice, type MatmulShape } from '../grid/layout.ts';
import { signedGroups } from '../grid/signed-groups.ts';
import { activationAware } from './activation-aware.ts';
import { loftq } from './loftq.ts';
import { difference, type LowRank, lowRank, productOf } from './low-rank.ts';
// `npm run oracles` computes them anew.
import vectors from './low-rank-vectors.json' with { type: 'json' };

const gaussians = (seed: number, length: number) => {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => random.gaussian());
};

const SHAPE: MatmulShape = { N: 30, K: 41 };
const R = gaussians(1, SHAPE.N * SHAPE.K);

/** Columns of activations of sizes from 1 to 100, each row with a part that is common to all columns. */
function calibration(rows: number): Calibration {
  const own = gaussians(2, rows * SHAPE.K);
  const shared = gaussians(3, rows);
  return { X: own.map((x, i) => (x + 2 * shared[Math.floor(i / SHAPE.K)]) * 100 ** ((i % SHAPE.K) / SHAPE.K)), rows };
}

/** ‖X·Dᵀ‖² */
function outputError({ X, rows }: Calibration, D: Float32Array, { N, K }: MatmulShape): number {
  let error = 0;
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += X[m * K + k] * D[n * K + k];
      error += sum * sum;
    }
  }
  return error;
}

const squares = (A: Float32Array) => A.reduce((sum, a) => sum + a * a, 0);
const restOf = (factors: LowRank) => difference(R, productOf(factors, SHAPE));

test('each further rank leaves less of a residual, and the full rank only rounding', () => {
  const rests = [0, 1, 5, 20, 30].map((rank) => squares(restOf(lowRank(R, SHAPE, rank))));
  expect(rests[0]).toBe(squares(R));
  expect(rests).toEqual(rests.toSorted((a, b) => b - a));
  expect(rests[4]).toBeLessThan(1e-10 * rests[0]);
});

test('ranks that a residual does not have are filled up with zeros, which add nothing', () => {
  const { down, up } = lowRank(Float32Array.of(1, 2, 3, 2, 4, 6), { N: 2, K: 3 }, 4);
  expect(down).toHaveLength(4 * 3);
  expect(up).toHaveLength(2 * 4);
  expect([...down.subarray(3)].every((value) => value === 0)).toBe(true);
  [1, 2, 3, 2, 4, 6].forEach((value, i) => {
    expect(productOf({ down, up }, { N: 2, K: 3 })[i]).toBeCloseTo(value, 5);
  });
});

test('weighing by activations loses less of the outputs over them and more of the weights', () => {
  const seen = calibration(200);
  const plain = restOf(lowRank(R, SHAPE, 6));
  const aware = restOf(activationAware(R, SHAPE, 6, seen));
  expect(outputError(seen, aware, SHAPE)).toBeLessThan(0.8 * outputError(seen, plain, SHAPE));
  expect(squares(aware)).toBeGreaterThan(squares(plain));
});

test('at full rank, weighing by activations gives the residual back, however few activations there are', () => {
  const rest = restOf(activationAware(R, SHAPE, 30, calibration(7)));
  expect(squares(rest)).toBeLessThan(1e-7 * squares(R));
});

test('activations that are alike in all columns weigh nothing', () => {
  const { K } = SHAPE;
  const alike = { X: Float32Array.from({ length: K * K }, (_, i) => (i % (K + 1) === 0 ? 2 : 0)), rows: K };
  const plain = squares(restOf(lowRank(R, SHAPE, 6)));
  expect(squares(restOf(activationAware(R, SHAPE, 6, alike)))).toBeCloseTo(plain, 3);
});

/** To the nearest of four levels a row, as coarse as 2 bits. */
function roughly(W: Float32Array): Float32Array {
  const { K } = SHAPE;
  const scales = Float32Array.from({ length: SHAPE.N }, (_, n) => {
    return Math.max(...W.subarray(n * K, (n + 1) * K).map(Math.abs)) / 2;
  });
  return W.map(
    (w, i) => scales[Math.floor(i / K)] * Math.max(-2, Math.min(1, Math.round(w / scales[Math.floor(i / K)]))),
  );
}

test('alternating leaves less than factors of the first rounding do', () => {
  const first = difference(R, roughly(R));
  const once = squares(difference(first, productOf(lowRank(first, SHAPE, 6), SHAPE)));
  const { target, ...factors } = loftq(R, SHAPE, 6, roughly);
  const left = squares(difference(difference(R, roughly(target)), productOf(factors, SHAPE)));
  expect(left).toBeLessThan(once);
});

test('a rounding that gets worse with every round is stopped at its first', () => {
  let calls = 0;
  const worse = (W: Float32Array) => W.map((w, i) => w + calls++ * (i % 7));
  const { target } = loftq(R, SHAPE, 3, worse);
  expect(target).toBe(R);
});

test('rounding without loss needs no correction', () => {
  const { target, down, up } = loftq(R, SHAPE, 3, (W) => W);
  expect(target).toBe(R);
  expect([...down, ...up].every((value) => value === 0)).toBe(true);
});

test('equal input gives equal factors', () => {
  expect(loftq(R, SHAPE, 6, roughly)).toEqual(loftq(R, SHAPE, 6, roughly));
  expect(activationAware(R, SHAPE, 6, calibration(20))).toEqual(activationAware(R, SHAPE, 6, calibration(20)));
});

const floats = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
const small = { N: vectors.N, K: vectors.K };
const W = floats(vectors.W);

test('factors of a small layer multiply to what numpy makes of it, with activations and without', () => {
  const own = floats(vectors.X);
  const X = Float32Array.from({ length: vectors.times * own.length }, (_, i) => own[i % own.length]);
  const seen = { X, rows: X.length / small.K };
  const farthest = (got: LowRank, want: Float32Array) =>
    Math.max(...difference(productOf(got, small), want).map(Math.abs));
  expect(farthest(lowRank(W, small, vectors.rank), floats(vectors.svd))).toBeLessThan(2e-6);
  // Each factor is rounded to f32, after a division by activations that differ in size by 50 and more.
  expect(farthest(activationAware(W, small, vectors.rank, seen), floats(vectors.activationAware))).toBeLessThan(1e-4);
});

test("of LoftQ's rounds the one that leaves least is kept", () => {
  const grid = signedGroups(4, vectors.group, {});
  const quantise = (weights: Float32Array) => decodeChoice(roundToNearest(grid, weights, small), grid.layout, small);
  const { target, ...factors } = loftq(W, small, vectors.rank, quantise);
  const left = squares(difference(difference(W, quantise(target)), productOf(factors, small)));
  expect(left / Math.min(...floats(vectors.loftq))).toBeCloseTo(1, 4);
});
