import { expect, test } from 'vitest';
import type { MlpProblem, MlpWeights } from '../problem.ts';
import { mlp } from './mlp.ts';

const problem: MlpProblem = { op: 'mlp', M: 2, N: 1, K: 2, hidden: 3, weights: 'test', seed: 0 };
const weights: MlpWeights = {
  W1: Float32Array.of(1, 0, 0, 1, 1, 1),
  b1: Float32Array.of(0, 1, -4),
  W2: Float32Array.of(1, 10, 100),
};
const X = Float32Array.of(1, 2, -1, -2);

test('what is below zero between the products takes no part', () => {
  // Hidden values 1, 3, −1 and −1, −1, −7.
  const { values } = mlp.reference(problem, weights, { X }, [0, 1]);
  expect([...values]).toEqual([31, 0]);
});

test('hidden values up to a threshold are dropped, and so are those that are not kept', () => {
  const above = (kept: MlpWeights['kept']) => mlp.reference(problem, { ...weights, kept }, { X }, [0]).values[0];
  expect(above({ threshold: 2 })).toBe(30);
  expect(above({ threshold: 0, mask: { bits: Uint8Array.of(1, 0, 0), stride: 1 } })).toBe(1);
});

test('a value that rounding may take to either side of the threshold may be there or not', () => {
  const [exact, unsure] = [0, 1].map((threshold) => {
    return mlp.reference(problem, { ...weights, kept: { threshold } }, { X }, [0]).tolerance[0];
  });
  expect(exact).toBeLessThan(1e-4);
  expect(unsure).toBeGreaterThan(1);
});

test('its work is that of both products, and the bias is stored too', () => {
  expect(mlp.denseFlops(problem)).toBe(2 * 2 * 3 * 3);
  expect(mlp.denseBytes(problem)).toBe(4 * (6 + 3 + 3));
});
