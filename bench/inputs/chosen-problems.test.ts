import { describe, expect, test } from 'vitest';
import type { Problem } from '../contract/problem.ts';
import { chosenProblems } from './chosen-problems.ts';
import { syntheticAttention, syntheticMatmul, useLiteMatmul } from './model-problems.ts';

const attention = syntheticAttention(1, 1, 8, 4, false);
const sizes = (problems: readonly Problem[] | undefined) =>
  problems?.map((problem) =>
    problem.op === 'matmul' ? [problem.weights, problem.M, problem.N, problem.K] : problem.op,
  );

test('nothing chosen leaves the suites as they are', () => {
  expect(chosenProblems({})).toBeUndefined();
});

describe('--m', () => {
  test('gives each product the numbers of rows that were asked for, and leaves attention out', () => {
    const replace = chosenProblems({ m: [1, 696] });
    expect(sizes(replace?.problems(useLiteMatmul('layer0.qkv', 64)))).toEqual([
      ['use-lite/layer0.qkv', 1, 768, 256],
      ['use-lite/layer0.qkv', 696, 768, 256],
    ]);
    expect(replace?.problems(attention)).toEqual([]);
  });

  test('ends where the bundled model has no more activations, and nowhere else', () => {
    const replace = chosenProblems({ m: [697] });
    expect(() => replace?.problems(useLiteMatmul('layer0.qkv', 64))).toThrow(
      '--m: must be at most 696 for use-lite/layer0.qkv, got 697; --shape takes any size',
    );
    expect(sizes(replace?.problems(syntheticMatmul(1, 2, 3)))).toEqual([['synthetic', 697, 2, 3]]);
  });
});

describe('--shape', () => {
  test('puts products on synthetic weights in the place of all others', () => {
    const replace = chosenProblems({ shape: [{ M: 1, N: 5, K: 7 }] });
    expect(sizes(replace?.problems(useLiteMatmul('layer0.qkv', 64)))).toEqual([['synthetic', 1, 5, 7]]);
    expect(replace?.problems(attention)).toEqual([]);
  });

  test.each([
    [{ m: [1] }, /^--shape: must stand without --m: /],
    [{ weights: 'a.safetensors' }, /^--shape: must stand without --weights: /],
  ])('has sizes of its own', (other, message) => {
    expect(() => chosenProblems({ shape: [{ M: 1, N: 5, K: 7 }], ...other })).toThrow(message);
  });
});
