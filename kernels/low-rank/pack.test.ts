import { expect, test } from 'vitest';
import { seededRandom } from '../../bench/statistics/random.ts';
import { productOf } from '../corrections/low-rank.ts';
import { packLowRank } from './pack.ts';

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
  const plain = productOf(packLowRank(W, SHAPE, 4, 'none', undefined), SHAPE);
  const whitened = productOf(packLowRank(W, SHAPE, 4, 'activations', { X, rows: 40 }), SHAPE);
  expect(lossOfUsed(whitened)).toBeLessThan(0.7 * lossOfUsed(plain));
});

test('r·(N + K) values are stored', () => {
  const { down, up } = packLowRank(W, SHAPE, 4, 'none', undefined);
  expect(down.length + up.length).toBe(4 * (12 + 16));
});

test('whitening without activations says that it needs them', () => {
  expect(() => packLowRank(W, SHAPE, 4, 'activations', undefined)).toThrow(
    'calibration: must be given for whitening=activations, got none',
  );
});
