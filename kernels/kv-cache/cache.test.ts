import { expect, test } from 'vitest';
import { attention } from '../../bench/contract/operations/attention.ts';
import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { Technique } from '../../bench/contract/technique.ts';
import { measureDrift } from '../../bench/measure/drift.ts';
import { seededRandom } from '../../bench/statistics/random.ts';
import int8 from '../kv-int8/technique.ts';
import q4Zero from '../kv-q4-0/technique.ts';
import type { PackedKeyValues } from './cache.ts';

const problem: AttentionProblem = {
  op: 'attention',
  M: 8,
  seqLen: 64,
  heads: 1,
  headDim: 64,
  causal: false,
  weights: 'test',
  seed: 0,
};
const random = seededRandom(1);
const gaussians = (rows: number) => Float32Array.from({ length: rows * problem.headDim }, () => random.gaussian());
const Q = gaussians(problem.M);
const V = gaussians(problem.seqLen);
const plainKeys = gaussians(problem.seqLen);
/** One channel of keys is 20 times as large as the others, as in many trained models, and queries make up for it. */
const OUTLIER = 20;
const isOutlier = (i: number) => i % problem.headDim === 7;
const keys = plainKeys.map((k, i) => (isOutlier(i) ? k * OUTLIER : k));
const queries = Q.map((q, i) => (isOutlier(i) ? q / OUTLIER : q));

/** Of the output against that of the keys and values as they were, in dB. */
function outputSqnrDb(technique: Technique, params: { readonly transform?: string }): number {
  const rows = Array.from({ length: problem.M }, (_, row) => row);
  const packed = technique.pack({ K: keys, V }, problem, params);
  const turned = technique.quantizeActivations?.({ Q: queries }, problem, params, packed)?.activations;
  const got = attention.reference(
    problem,
    technique.unpack(packed, problem, params) as { K: Float32Array; V: Float32Array },
    (turned ?? { Q: queries }) as { Q: Float32Array },
    rows,
  );
  const expected = attention.reference(problem, { K: keys, V }, { Q: queries }, rows);
  return measureDrift(Float32Array.from(got.values), expected.values).sqnr_db ?? Number.POSITIVE_INFINITY;
}

test('keys with an outlier channel lose far less of themselves at 4 bits when Hadamard’s matrix spreads it', () => {
  expect(outputSqnrDb(q4Zero, { transform: 'hadamard' })).toBeGreaterThan(outputSqnrDb(q4Zero, {}) + 3);
});

test.each([
  ['kv-int8', int8, 8.5],
  ['kv-q4-0', q4Zero, 4.5],
])('%s takes as many bits a value as llama.cpp’s cache does', (_, technique, bits) => {
  const { values, scales } = technique.bytes(technique.pack({ K: keys, V }, problem, {}));
  expect((8 * (values + scales)) / (keys.length + V.length)).toBe(bits);
});

test('values stay as they are where keys are turned', () => {
  const plain = q4Zero.pack({ K: keys, V }, problem, {}) as PackedKeyValues;
  const turned = q4Zero.pack({ K: keys, V }, problem, { transform: 'hadamard' }) as PackedKeyValues;
  expect(turned.valueCodes).toEqual(plain.valueCodes);
  expect(turned.keyCodes).not.toEqual(plain.keyCodes);
});

test('a head that Hadamard’s matrix can’t take in runs of 32 is skipped with the reason', () => {
  expect(q4Zero.skip?.({ ...problem, headDim: 80 }, { transform: 'hadamard' })).toMatch(
    /^headDim: must be a multiple of 32 for hadamard, got 80$/,
  );
  expect(q4Zero.skip?.({ ...problem, headDim: 80 }, {})).toBeUndefined();
});
