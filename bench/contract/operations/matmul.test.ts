import { expect, test } from 'vitest';
import { matmulInputs } from '../../inputs/make-inputs.ts';
import { checkOutput } from '../../measure/check.ts';
import type { MatmulProblem } from '../problem.ts';
import { matmul } from './matmul.ts';

const problem: MatmulProblem = { op: 'matmul', M: 2, N: 2, K: 2, weights: 'synthetic', seed: 0 };

test('Y = X · Wᵀ', () => {
  const W = Float32Array.of(5, 6, 7, 8);
  const X = Float32Array.of(1, 2, 3, 4);
  expect([...matmul.reference(problem, { W }, { X }, [0, 1]).values]).toEqual([17, 23, 39, 53]);
  expect([...matmul.reference(problem, { W }, { X }, [1]).values]).toEqual([39, 53]);
});

test('the tolerance scales with Σ|x||w|, not with the result that cancels', () => {
  const W = Float32Array.of(1e6, -1e6, 0, 0);
  const { values, tolerance } = matmul.reference(problem, { W }, { X: Float32Array.of(1, 1, 1, 1) }, [0]);
  expect(values[0]).toBe(0);
  expect(tolerance[0]).toBeCloseTo(10 * 2 ** -24 * 2e6, 6);
});

test('fresh activations give another output', () => {
  const { weights, activations } = matmulInputs(problem);
  const rows = [0, 1];
  const [first, fresh] = [activations, matmul.freshActivations(activations)].map((inputs) =>
    matmul.reference(problem, weights, inputs, rows),
  );
  expect(Math.abs(first.values[0] - fresh.values[0])).toBeGreaterThan(first.tolerance[0] + fresh.tolerance[0]);
});

test('each weight costs a multiply and an add for each row of X, and four bytes', () => {
  const shape = { ...problem, M: 3, N: 5, K: 7 };
  expect([matmul.denseFlops(shape), matmul.denseBytes(shape)]).toEqual([2 * 3 * 5 * 7, 4 * 5 * 7]);
  expect(matmul.activationBytes(shape)).toBe(4 * (3 * 7 + 3 * 5));
});

test('at K = 4096 activations cut to f16 are told from sums in f32', () => {
  const long: MatmulProblem = { ...problem, M: 1, N: 256, K: 4096 };
  const { weights, activations } = matmulInputs(long);
  const reference = matmul.reference(long, weights, activations, [0]);
  const halves = { X: Float32Array.from(new Float16Array(activations.X)) };
  const cut = Float32Array.from(matmul.reference(long, weights, halves, [0]).values);
  expect(checkOutput(cut, reference).failure).toMatch(/too few bits/);
  const sums = Float32Array.from({ length: long.N }, (_, n) => {
    return activations.X.reduce((sum, x, k) => Math.fround(sum + Math.fround(x * weights.W[n * long.K + k])), 0);
  });
  expect(checkOutput(sums, reference).failure).toBeUndefined();
});
