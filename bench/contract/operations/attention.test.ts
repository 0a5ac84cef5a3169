import { describe, expect, test } from 'vitest';
import { attentionInputs } from '../../inputs/make-inputs.ts';
import { checkOutput } from '../../measure/check.ts';
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

test('each pair of a query and a key costs a multiply and an add for each dimension of K and of V', () => {
  expect(attention.denseFlops({ ...problem, heads: 2, headDim: 4 })).toBe(2 * 5 * 4 * 4);
  expect(attention.denseBytes({ ...problem, heads: 2, headDim: 4 })).toBe(2 * 2 * 3 * 4 * 4);
  expect(attention.activationBytes({ ...problem, heads: 2, headDim: 4 })).toBe(2 * 2 * 2 * 4 * 4);
});

test('the queries of a decode step are the last ones of the sequence', () => {
  const whole = attentionInputs({ ...problem, M: 3 }).activations.Q;
  expect(attentionInputs({ ...problem, M: 1 }).activations.Q).toEqual(whole.subarray(2));
});

describe('4096 keys', () => {
  const long: AttentionProblem = { ...problem, M: 2, seqLen: 4096, headDim: 64, causal: false };
  const { weights, activations } = attentionInputs(long);
  const rows = [0, 1];
  const reference = attention.reference(long, weights, activations, rows);
  /** Attention in f32 over rounded queries and keys, with rounded weights and values. */
  const attend = (roundQK: (x: number) => number, roundPV: (x: number) => number): Float32Array => {
    const { K, V } = { K: weights.K.map(roundQK), V: weights.V.map(roundPV) };
    const Q = activations.Q.map(roundQK);
    const output = new Float32Array(rows.length * long.headDim);
    for (const row of rows) {
      const scores = Float32Array.from({ length: long.seqLen }, (_, j) => {
        let score = 0;
        for (let d = 0; d < 64; d++) score = Math.fround(score + Math.fround(Q[row * 64 + d] * K[j * 64 + d]));
        return score / 8;
      });
      const max = scores.reduce((a, b) => Math.max(a, b));
      const exponentials = scores.map((score) => Math.exp(score - max));
      const sum = exponentials.reduce((a, b) => Math.fround(a + b));
      for (let d = 0; d < 64; d++) {
        output[row * 64 + d] = exponentials.reduce(
          (o, e, j) => Math.fround(o + Math.fround(roundPV(e / sum) * V[j * 64 + d])),
          0,
        );
      }
    }
    return output;
  };
  /** The upper 11 bits, which TF32 keeps as f16 does, in the range of f32: Veltkamp's splitting (Dekker, Numer. Math. 18, 1971). */
  const toTf32 = (x: number) => {
    const scaled = Math.fround(x * (2 ** 13 + 1));
    return Math.fround(scaled - Math.fround(scaled - x));
  };

  const exact = (x: number) => x;

  test('sums in f32, one after another, are accepted', () => {
    expect(checkOutput(attend(exact, exact), reference).failure).toBeUndefined();
  });

  test.each([
    ['f16', Math.f16round],
    ['TF32', toTf32],
  ])('%s is told, in queries and keys and in weights and values', (_, round) => {
    expect(checkOutput(attend(round, exact), reference).failure).toMatch(/too few bits/);
    expect(checkOutput(attend(exact, round), reference).failure).toMatch(/too few bits/);
  });
});
