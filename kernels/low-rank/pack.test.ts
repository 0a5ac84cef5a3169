import { expect, test } from 'vitest';
import { seededRandom } from '../../bench/statistics/random.ts';
import { productOf } from '../corrections/low-rank.ts';
import { packLowRank, rankOf, rankSkip } from './pack.ts';

const SHAPE = { N: 12, K: 16 };
const random = seededRandom(1);
const W = Float32Array.from({ length: SHAPE.N * SHAPE.K }, () => random.gaussian());
/** The first half of the columns is used ten times as much. */
const X = Float32Array.from({ length: 40 * SHAPE.K }, (_, i) => random.gaussian() * (i % SHAPE.K < 8 ? 10 : 1));

/** Σ(w − ŵ)² over the columns that are used most. */
function lossOfUsed(restored: Float32Array): number {
  return W.reduce((sum, w, i) => sum + (i % SHAPE.K < 8 ? (w - restored[i]) ** 2 : 0), 0);
}

test('whitened factors keep more of the columns that activations use most', () => {
  const plain = productOf(packLowRank(W, SHAPE, 4, false, undefined), SHAPE);
  const whitened = productOf(packLowRank(W, SHAPE, 4, true, { X, rows: 40 }), SHAPE);
  expect(lossOfUsed(whitened)).toBeLessThan(0.7 * lossOfUsed(plain));
});

test('r·(N + K) values are stored', () => {
  const { down, up } = packLowRank(W, SHAPE, 4, false, undefined);
  expect(down.length + up.length).toBe(4 * (12 + 16));
});

test('whitening without activations says that it needs them', () => {
  expect(() => packLowRank(W, SHAPE, 4, true, undefined)).toThrow(
    'calibration: must be given for whitened=yes, got none',
  );
});

test.each([
  { N: 512, K: 512, share: 0.25, rank: 64 },
  { N: 1536, K: 512, share: 0.5, rank: 192 },
  { N: 256, K: 1536, share: 0.25, rank: 55 },
  { N: 3, K: 5, share: 0.25, rank: 1 },
])('both factors of $N×$K take $share of its bytes at rank $rank', ({ share, rank, ...shape }) => {
  expect(rankOf(share, shape)).toBe(rank);
});

test('what factors would not make smaller is skipped with its reason', () => {
  expect(rankSkip(64, { N: 512, K: 512 })).toBeUndefined();
  expect(rankSkip(1, { N: 1, K: 9 })).toBe('rank: must be less than 1, got 1');
  expect(rankSkip(2, { N: 4, K: 4 })).toBe('factors: must hold less than 16 values, got 16');
});
