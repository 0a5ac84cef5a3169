import { expect, test } from 'vitest';
import { seededRandom } from '../../bench/statistics/random.ts';
import { channelStatistics, gram } from './statistics.ts';

test('means and maxima of each channel', () => {
  const X = Float32Array.of(1, -2, 0, 3, 4, 0);
  const { meanAbs, maxAbs, meanSquare } = channelStatistics({ X, rows: 2 }, 3);
  expect([...meanAbs]).toEqual([2, 3, 0]);
  expect([...maxAbs]).toEqual([3, 4, 0]);
  expect([...meanSquare]).toEqual([5, 10, 0]);
});

test('XᵀX of rows with many zeros is the sum of products, in both triangles', () => {
  const { rows, K } = { rows: 13, K: 37 };
  const random = seededRandom(5);
  const X = Float32Array.from({ length: rows * K }, () => Math.max(0, random.gaussian()));
  const H = gram({ X, rows }, K);
  for (let i = 0; i < K; i++) {
    for (let j = 0; j < K; j++) {
      let sum = 0;
      for (let r = 0; r < rows; r++) sum += X[r * K + i] * X[r * K + j];
      expect(H[i * K + j]).toBeCloseTo(sum, 10);
    }
  }
});
