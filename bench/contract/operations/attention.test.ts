import { expect, test } from 'vitest';
import { attentionInputs } from '../../inputs/make-inputs.ts';
import type { AttentionProblem } from '../problem.ts';
import { attention, visiblePairs } from './attention.ts';

const problem: AttentionProblem = {
  op: 'attention',
  M: 2,
  seqLen: 3,
  heads: 1,
  headDim: 1,
  causal: true,
  weights: 'synthetic',
  seed: 0,
};

test('equal scores average the values that causality leaves', () => {
  const { values } = attention.reference(
    problem,
    { K: new Float32Array(3), V: Float32Array.of(3, 9, 30) },
    { Q: Float32Array.of(1, 1) },
    [0, 1],
  );
  expect([...values]).toEqual([6, 14]);
});

test('a known softmax: scores 0 and ln 3 weigh 1 to 3', () => {
  const K = Float32Array.of(0, Math.log(3), 0);
  const { values } = attention.reference(
    problem,
    { K, V: Float32Array.of(4, 8, 0) },
    { Q: Float32Array.of(1, 1) },
    [0],
  );
  expect(values[0]).toBeCloseTo(7, 6);
});

test('pairs are counted as causality leaves them', () => {
  expect(visiblePairs(problem)).toBe(2 + 3);
  expect(visiblePairs({ ...problem, causal: false })).toBe(6);
});

test('the queries of a decode step are the last ones of the sequence', () => {
  const whole = attentionInputs({ ...problem, M: 3 }).activations.Q;
  expect(attentionInputs({ ...problem, M: 1 }).activations.Q).toEqual(whole.subarray(2));
});
