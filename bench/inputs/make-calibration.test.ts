import { beforeAll, describe, expect, test } from 'vitest';
import { calibrationFor, makeCalibration } from './make-calibration.ts';
import { matmulInputs } from './make-inputs.ts';
import { syntheticMatmul, useLiteAttention, useLiteMatmul } from './model-problems.ts';
import { calibrationSentences } from './use-lite/calibration-sentences.ts';
import { sentences } from './use-lite/sentences.ts';
import { useLiteActivations } from './use-lite/use-lite-cache.ts';
import { ensureUseLiteCache } from './use-lite/use-lite-cache-build.ts';
import { useLiteTokens } from './use-lite/use-lite-encoder.ts';
import { USE_LITE_TOKENS, useLiteMatrixNames } from './use-lite/use-lite-matrices.ts';

const bytesOf = (A: Float32Array) => Buffer.from(A.buffer, A.byteOffset, A.byteLength);
/** Each row as a text, the same for equal rows alone. */
const rowsOf = (A: Float32Array, K: number) =>
  Array.from({ length: A.length / K }, (_, row) => bytesOf(A.subarray(row * K, (row + 1) * K)).toString('latin1'));

describe('calibration sentences', () => {
  const plain = (sentence: string) =>
    sentence
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();

  test('are none of those that are measured, nor twice the same, in whatever case and punctuation', () => {
    const calibrated = calibrationSentences.map(plain);
    expect(new Set(calibrated).size).toBe(calibrationSentences.length);
    expect(sentences.map(plain).filter((sentence) => calibrated.includes(sentence))).toEqual([]);
  });

  test('hold more rows than the widest matrix has inputs, none of them dropped by the encoder', () => {
    const lengths = useLiteTokens(calibrationSentences).map((ids) => ids.length);
    expect(lengths.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(2600);
    // At 128 what follows might have been cut off.
    expect(Math.max(...lengths)).toBeLessThan(128);
  });
});

describe('calibration of the bundled model', () => {
  beforeAll(() => void ensureUseLiteCache());

  test.each(useLiteMatrixNames)('no row that is measured on %s is among those a method may look at', (matrix) => {
    const { X, rows } = makeCalibration(useLiteMatmul(matrix, 1));
    const { K } = useLiteMatmul(matrix, 1);
    expect(X.length).toBe(rows * K);
    // With fewer rows than inputs, what a method learns of their products leaves some direction out.
    if (matrix !== 'tanh') expect(rows).toBeGreaterThan(K);
    const measured = useLiteActivations(matrix, matrix === 'tanh' ? sentences.length : USE_LITE_TOKENS);
    const calibrated = new Set(rowsOf(X, K));
    expect(rowsOf(measured, K).filter((row) => calibrated.has(row))).toEqual([]);
  });
});

describe('calibration of drawn activations', () => {
  const problem = syntheticMatmul(64, 8, 400);
  const stds = (A: Float32Array, K: number) => {
    const squares = new Float64Array(K);
    A.forEach((value, i) => {
      squares[i % K] += (value * value * K) / A.length;
    });
    return [...squares].map(Math.sqrt);
  };
  const outliers = (A: Float32Array, K: number) => stds(A, K).flatMap((std, k) => (std > 3 ? [k] : []));

  test('has the outlier channels of those that are measured, and no value of theirs', () => {
    const { X, rows } = makeCalibration(problem);
    const measured = matmulInputs(problem).activations.X;
    expect([rows, X.length]).toEqual([512, 512 * 400]);
    expect(outliers(measured, 400).length).toBe(2);
    expect(outliers(X, 400)).toEqual(outliers(measured, 400));
    // Among 2·10⁵ values in some 2²⁵ steps one is met by chance now and then; a shared stream would repeat them all.
    const calibrated = new Set(X);
    expect(measured.filter((value) => calibrated.has(value)).length).toBeLessThan(measured.length / 20);
    const known = new Set(rowsOf(X, 400));
    expect(rowsOf(measured, 400).filter((row) => known.has(row))).toEqual([]);
  });

  test('is drawn for a file of weights too, even one that is named like a matrix of the model', () => {
    const file = { path: 'w', values: { dtype: 'F32', byteOffset: 0, byteLength: 4 } };
    const drawn = bytesOf(makeCalibration(problem).X);
    expect(bytesOf(makeCalibration({ ...problem, weights: 'use-lite/dense', file }).X).equals(drawn)).toBe(true);
    expect(bytesOf(makeCalibration({ ...problem, seed: 9 }).X).equals(drawn)).toBe(false);
  });
});

test('only a technique that asks for calibration gets any, and attention has none to give', () => {
  const problem = syntheticMatmul(1, 2, 8);
  const technique = { needsCalibration: ({ method }: { method?: string | number }) => method === 'gptq' };
  expect(calibrationFor({}, { method: 'gptq' }, problem)).toBeUndefined();
  expect(calibrationFor(technique, { method: 'rtn' }, problem)).toBeUndefined();
  expect(calibrationFor(technique, { method: 'gptq' }, problem)).toEqual(makeCalibration(problem));
  expect(() => calibrationFor(technique, { method: 'gptq' }, useLiteAttention(0, 1, 8, false))).toThrow(
    'calibration: must be asked for products, got attention',
  );
});
