import { expect, test } from 'vitest';
import type { AttentionProblem } from '../../bench/contract/problem.ts';
import { causalBias } from './causal-bias.ts';

const problem: AttentionProblem = {
  op: 'attention',
  M: 2,
  seqLen: 4,
  heads: 1,
  headDim: 1,
  causal: true,
  weights: 'test',
  seed: 0,
};

test('the last queries see the keys up to their own position', () => {
  expect([...(causalBias(problem) ?? [])].map((value) => value === 0)).toEqual(
    [true, true, true, false].concat([true, true, true, true]),
  );
});

test('without causality, and for the last query alone, there is nothing to hide', () => {
  expect(causalBias({ ...problem, causal: false })).toBeUndefined();
  expect(causalBias({ ...problem, M: 1 })).toBeUndefined();
});
