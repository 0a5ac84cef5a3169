import { expect, test } from 'vitest';
import type { Calibration } from '../../bench/contract/calibration.ts';
import { seededRandom } from '../../bench/statistics/random.ts';
import type { MatmulShape } from '../grid/layout.ts';
import { dampedHessian } from './hessian.ts';
import { keepShare, keepTwoOfFour, type MaskRule } from './mask.ts';
import { maskMethods, prune } from './prune.ts';

const gaussians = (seed: number, length: number) => {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => random.gaussian());
};

/** Activations whose columns are alike in part and unlike in size, as in a real layer. */
function correlated(seed: number, rows: number, K: number): Calibration {
  const own = gaussians(seed, rows * K);
  const shared = gaussians(seed + 1000, rows);
  const sizes = gaussians(seed + 2000, K);
  return { X: own.map((x, i) => (x + 0.7 * shared[Math.floor(i / K)]) * (1 + sizes[i % K] ** 2)), rows };
}

/** Each column of activations is 1 once, so that all are alike and none says anything of another. */
function unrelated(K: number): Calibration {
  return { X: Float32Array.from({ length: K * K }, (_, i) => (i % (K + 1) === 0 ? 1 : 0)), rows: K };
}

/** Σ (d·H·dᵀ) over the rows d of W − V. */
function lossOf(W: Float32Array, V: ArrayLike<number>, H: Float64Array, { N, K }: MatmulShape): number {
  let loss = 0;
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < K; i++) {
      for (let j = 0; j < K; j++) loss += (W[n * K + i] - V[n * K + i]) * H[i * K + j] * (W[n * K + j] - V[n * K + j]);
    }
  }
  return loss;
}

/** The least loss of a row with these weights kept, whose values are free. */
function refitLoss(w: Float32Array, kept: readonly number[], H: Float64Array): number {
  const places = kept.flatMap((is, i) => (is === 1 ? [i] : []));
  const K = w.length;
  const right = (i: number) => w.reduce((sum, weight, j) => sum + H[i * K + j] * weight, 0);
  const [a, b] = places;
  const [haa, hab, hbb] = [H[a * K + a], H[a * K + b], H[b * K + b]];
  const determinant = haa * hbb - hab * hab;
  const fitted = new Float64Array(K);
  fitted[a] = (hbb * right(a) - hab * right(b)) / determinant;
  fitted[b] = (haa * right(b) - hab * right(a)) / determinant;
  return lossOf(w, fitted, H, { N: 1, K });
}

const pairs = [
  [1, 1, 0, 0],
  [1, 0, 1, 0],
  [1, 0, 0, 1],
  [0, 1, 1, 0],
  [0, 1, 0, 1],
  [0, 0, 1, 1],
];
const FOUR: MatmulShape = { N: 1, K: 4 };

test.each(['magnitude', 'wanda'] as const)('%s keeps the pair of four whose scores are largest', (method) => {
  for (let seed = 0; seed < 30; seed++) {
    const W = gaussians(seed, 4);
    const calibration = correlated(seed, 9, 4);
    const norm = (k: number) => Math.hypot(...calibration.X.filter((_, i) => i % 4 === k));
    const score = (k: number) => Math.abs(W[k]) * (method === 'wanda' ? norm(k) : 1);
    const best = pairs.toSorted((a, b) => sumOf(b, score) - sumOf(a, score))[0];
    expect([...prune(W, FOUR, keepTwoOfFour, method, calibration).mask]).toEqual(best);
  }
});

function sumOf(kept: readonly number[], score: (k: number) => number): number {
  return kept.reduce((sum, is, k) => sum + is * score(k), 0);
}

test('SparseGPT comes no lower than the best of six pairs fitted anew, and far below magnitude', () => {
  let ours = 0;
  let magnitude = 0;
  let least = 0;
  for (let seed = 0; seed < 60; seed++) {
    const W = gaussians(seed, 4);
    const calibration = correlated(seed, 9, 4);
    const H = dampedHessian(calibration, 4);
    const pruned = prune(W, FOUR, keepTwoOfFour, 'sparsegpt', calibration);
    const bound = Math.min(...pairs.map((kept) => refitLoss(W, kept, H)));
    const loss = lossOf(W, pruned.W, H, FOUR);
    expect(loss).toBeGreaterThanOrEqual(bound * (1 - 1e-5));
    ours += loss;
    least += bound;
    // The mask of magnitude with SparseGPT's own changes to what stays.
    const { mask } = prune(W, FOUR, keepTwoOfFour, 'magnitude', undefined);
    const fixed: MaskRule = { group: 4, keep: () => mask };
    magnitude += lossOf(W, prune(W, FOUR, fixed, 'sparsegpt', calibration).W, H, FOUR);
  }
  expect(ours).toBeLessThan(magnitude);
  expect(ours).toBeLessThan(2 * least);
});

test('where SparseGPT drops only the first of a row, the others make up for it as well as can be', () => {
  const W = Float32Array.of(0.5, 2, -3, 1);
  const calibration = correlated(5, 20, 4);
  const H = dampedHessian(calibration, 4);
  const fixed: MaskRule = { keep: () => Uint8Array.of(0, 1, 1, 1) };
  const pruned = prune(W, FOUR, fixed, 'sparsegpt', calibration);
  // At the optimum no weight that stays can lower the loss: (W − V)·H is 0 there.
  const slopes = [1, 2, 3].map((j) => W.reduce((sum, w, i) => sum + (w - pruned.W[i]) * H[i * 4 + j], 0));
  for (const slope of slopes) expect(Math.abs(slope)).toBeLessThan(1e-5 * H[0]);
  expect(pruned.W[0]).toBe(0);
});

test.each([
  { rule: keepTwoOfFour, name: '2:4', shape: { N: 7, K: 134 } },
  { rule: keepShare(0.5), name: 'half', shape: { N: 7, K: 128 } },
])('activations that say nothing leave SparseGPT the weights and the mask of magnitude: $name', ({ rule, shape }) => {
  const W = gaussians(3, shape.N * shape.K);
  const plain = prune(W, shape, rule, 'magnitude', undefined);
  const pruned = prune(W, shape, rule, 'sparsegpt', unrelated(shape.K));
  expect(pruned.mask).toEqual(plain.mask);
  expect(pruned.W).toEqual(plain.W);
});

test.each([
  { name: '2:4', rule: keepTwoOfFour },
  { name: 'a share', rule: keepShare(0.6) },
])('outputs over correlated activations keep most with SparseGPT, then Wanda, then magnitude: $name', ({ rule }) => {
  const shape = { N: 16, K: 150 };
  const W = gaussians(1, shape.N * shape.K);
  const calibration = correlated(2, 400, shape.K);
  const H = dampedHessian(calibration, shape.K);
  const [magnitude, wanda, sparsegpt] = maskMethods.map((method) =>
    lossOf(W, prune(W, shape, rule, method, calibration).W, H, shape),
  );
  expect(wanda).toBeLessThan(0.9 * magnitude);
  expect(sparsegpt).toBeLessThan(0.9 * wanda);
});

test.each(maskMethods)('%s prunes as many as asked for and leaves its inputs as they were', (method) => {
  // Two blocks of 128 columns and one of 44.
  const shape = { N: 10, K: 300 };
  const W = gaussians(1, shape.N * shape.K);
  const calibration = correlated(2, 310, shape.K);
  const [ownW, ownX] = [W.slice(), calibration.X.slice()];
  for (const [rule, kept] of [[keepShare(0.7), 900] as const, [keepTwoOfFour, 1500] as const]) {
    const pruned = prune(W, shape, rule, method, calibration);
    expect(pruned.mask.filter((is) => is === 1)).toHaveLength(kept);
    expect(pruned.W.every((w, i) => (pruned.mask[i] === 1 ? w !== 0 : w === 0))).toBe(true);
    const again = prune(W, shape, rule, method, calibration);
    expect(isSame(again.W, pruned.W) && isSame(again.mask, pruned.mask)).toBe(true);
  }
  expect(isSame(W, ownW) && isSame(calibration.X, ownX)).toBe(true);
});

function isSame(a: Float32Array | Uint8Array, b: Float32Array | Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

test('Wanda takes the same share of every row', () => {
  const shape = { N: 6, K: 20 };
  const W = gaussians(1, 120).map((w, i) => w * (1 + Math.floor(i / 20)));
  const { mask } = prune(W, shape, keepShare(0.25), 'wanda', correlated(2, 30, 20));
  for (let n = 0; n < 6; n++) expect(mask.subarray(n * 20, n * 20 + 20).filter((is) => is === 1)).toHaveLength(15);
});

test.each(['wanda', 'sparsegpt'] as const)('%s gives up weights that meet nothing but zeros first', (method) => {
  const shape = { N: 3, K: 8 };
  const W = gaussians(1, 24).map((w) => w + Math.sign(w));
  const calibration = correlated(2, 20, 8);
  for (let i = 0; i < calibration.X.length; i += 4) calibration.X[i] = 0;
  const { mask } = prune(W, shape, keepShare(0.25), method, calibration);
  expect([...mask.subarray(0, 8)]).toEqual([0, 1, 1, 1, 0, 1, 1, 1]);
});

test.each(['wanda', 'sparsegpt'] as const)('%s without activations says that it needs them', (method) => {
  expect(() => prune(new Float32Array(4), FOUR, keepTwoOfFour, method, undefined)).toThrow(
    `calibration: must be given for method=${method}, got none`,
  );
});
