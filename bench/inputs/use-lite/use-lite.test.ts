import { describe, expect, test } from 'vitest';
import { openUseLite, readUseLiteWeights, useLiteKernel } from './use-lite.ts';
import { useLiteMatrix, useLiteMatrixNames } from './use-lite-matrices.ts';

describe('use-lite', () => {
  test.each(useLiteMatrixNames)('%s has the shape that the model file gives it', (name) => {
    const { N, K } = useLiteMatrix(name);
    expect(useLiteKernel(openUseLite(), name).length).toBe(N * K);
  });

  test('transposes tfjs’s [K, N] to W [N, K]', () => {
    const { N, K } = useLiteMatrix('layer0.qkv');
    const W = readUseLiteWeights('layer0.qkv');
    const kernel = useLiteKernel(openUseLite(), 'layer0.qkv');
    expect([N, K]).toEqual([768, 256]);
    expect(W.subarray(100 * K, 101 * K)).toEqual(kernel.filter((_, i) => i % N === 100));
  });

  test('carries the outliers that make its FFN hard to quantise', () => {
    const W = readUseLiteWeights('layer1.fc2');
    const std = Math.sqrt(W.reduce((sum, w) => sum + w * w, 0) / W.length);
    // The largest of as many gaussian values would be about 5 standard deviations out.
    expect(W.reduce((max, w) => Math.max(max, Math.abs(w)), 0) / std).toBeGreaterThan(30);
  });

  test('lists the matrices where a name is none of them', () => {
    expect(() => useLiteMatrix('layer2.fc1')).toThrow(
      /^use-lite: matrix must be one of layer0\.qkv .* tanh, got layer2\.fc1$/,
    );
  });
});
