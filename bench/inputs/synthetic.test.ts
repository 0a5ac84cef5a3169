import { describe, expect, test } from 'vitest';
import { OUTLIER_FACTOR, SCORE_STD, syntheticActivations, syntheticAttention, syntheticWeights } from './synthetic.ts';

const std = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
const max = (values: Float32Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

function columnStds(A: Float32Array, cols: number): number[] {
  const squares = new Array<number>(cols).fill(0);
  for (let i = 0; i < A.length; i++) squares[i % cols] += A[i] ** 2;
  return squares.map((sum) => Math.sqrt((sum * cols) / A.length));
}

describe('synthetic inputs', () => {
  test('are the same for the same seed and differ for another', () => {
    expect(syntheticWeights(5, 7, 1)).toEqual(syntheticWeights(5, 7, 1));
    expect(syntheticWeights(5, 7, 1)).not.toEqual(syntheticWeights(5, 7, 2));
    expect(syntheticAttention(2, 3, 5, 1)).toEqual(syntheticAttention(2, 3, 5, 1));
  });

  test('are unrelated between weights and activations of one seed', () => {
    const W = syntheticWeights(64, 64, 9);
    const X = syntheticActivations(64, 64, 9);
    const correlation = W.reduce((sum, w, i) => sum + w * X[i], 0) / W.length / std(W) / std(X);
    // 64² independent products have a standard error of 1/64, a few times that with outlier columns.
    expect(Math.abs(correlation)).toBeLessThan(0.1);
  });

  test.each([
    { name: 'weights', values: syntheticWeights(512, 512, 4) },
    { name: 'activations', values: syntheticActivations(512, 512, 4) },
  ])('$name have the max/std of 20 to 30 of a trained layer', ({ values }) => {
    expect(max(values) / std(values)).toBeGreaterThan(19);
    expect(max(values) / std(values)).toBeLessThan(31);
  });

  test('weights have standard deviation 1/√K but for outlier columns', () => {
    const K = 400;
    const W = syntheticWeights(2000, K, 3);
    const deviations = columnStds(W, K).map((d) => d * Math.sqrt(K));
    const outliers = deviations.filter((d) => d > 2);
    expect(outliers.length).toBe(2);
    // Five standard errors of a standard deviation over 2000 rows: 5/√4000 = 8 %.
    for (const d of outliers) expect(Math.abs(d / OUTLIER_FACTOR - 1)).toBeLessThan(0.08);
    for (const d of deviations) if (d <= 2) expect(Math.abs(d - 1)).toBeLessThan(0.08);
  });

  test('even a narrow matrix has an outlier column', () => {
    const X = syntheticActivations(200, 3, 1);
    expect(Math.max(...columnStds(X, 3))).toBeGreaterThan(OUTLIER_FACTOR * 0.8);
  });

  test('attention scores spread as a trained head’s do', () => {
    const [seqLen, headDim] = [64, 32];
    const { Q, K, V } = syntheticAttention(2, seqLen, headDim, 6);
    expect([Q.length, K.length, V.length]).toEqual([4096, 4096, 4096]);
    const scores = Float32Array.from({ length: seqLen * seqLen }, (_, i) => {
      const q = Math.floor(i / seqLen) * headDim;
      const k = (i % seqLen) * headDim;
      return Q.subarray(q, q + headDim).reduce((sum, v, d) => sum + v * K[k + d], 0) / Math.sqrt(headDim);
    });
    expect(Math.abs(std(scores) / SCORE_STD - 1)).toBeLessThan(0.1);
  });
});
