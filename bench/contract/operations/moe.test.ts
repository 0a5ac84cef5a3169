import { expect, test } from 'vitest';
import type { MoeProblem, MoeWeights } from '../problem.ts';
import { moe } from './moe.ts';

const problem: MoeProblem = {
  op: 'moe',
  M: 1,
  K: 2,
  hidden: 1,
  experts: 3,
  topK: 2,
  weights: 'test',
  seed: 0,
};
/** Expert e gives (e + 1) · 10 and 1, where the first activation is 1. */
const weights: MoeWeights = {
  router: Float32Array.of(0, 3, 0, 1, 0, 2),
  W1: Float32Array.of(1, 0, 1, 0, 1, 0),
  b1: Float32Array.of(0, 0, 0),
  W2: Float32Array.of(10, 1, 20, 1, 30, 1),
};
const outputOf = (router: Float32Array, X: Float32Array, topK = 2) =>
  moe.reference({ ...problem, topK }, { ...weights, router }, { X }, [0]);

test('a row is the sum of its two best experts, by the softmax over the scores of these alone', () => {
  const share = 1 / (1 + Math.exp(-1));
  const { values } = outputOf(weights.router, Float32Array.of(1, 1));
  expect(values[0]).toBeCloseTo(share * 10 + (1 - share) * 30, 12);
  expect(values[1]).toBeCloseTo(1, 12);
});

test('of equal experts the first come first', () => {
  const { values } = outputOf(Float32Array.of(0, 5, 0, 5, 0, 5), Float32Array.of(1, 1));
  expect(values[0]).toBe(15);
});

test('where rounding decides which expert is taken, its output may be that of either', () => {
  const [sure, unsure] = [0.5, 1e-8].map((less) =>
    outputOf(Float32Array.of(0, 3, 0, 1, 0, 1 - less), Float32Array.of(1, 1)),
  );
  expect(sure.tolerance[0]).toBeLessThan(1e-3);
  const other = outputOf(Float32Array.of(0, 3, 0, 0, 0, 1), Float32Array.of(1, 1)).values;
  expect(Math.abs(other[0] - unsure.values[0])).toBeGreaterThan(0.1);
  expect(Math.abs(other[0] - unsure.values[0])).toBeLessThan(unsure.tolerance[0]);
});

test('its work and bytes are those of all experts and the router', () => {
  expect(moe.denseFlops(problem)).toBe(2 * 3 * 2 + 3 * 8);
  expect(moe.denseBytes(problem)).toBe(4 * (6 + 6 + 3 + 6));
});
