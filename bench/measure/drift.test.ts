import { expect, test } from 'vitest';
import { isWithinBudget, measureDrift } from './drift.ts';

test('a hundredth off everywhere is 40 dB', () => {
  const reference = Float64Array.of(1, -2, 4);
  const drift = measureDrift(
    Float32Array.from(reference, (y) => y * 1.01),
    reference,
  );
  expect(drift.sqnr_db).toBeCloseTo(40, 4);
  expect(drift.rel_fro_err).toBeCloseTo(0.01, 6);
  expect(drift.max_abs_err).toBeCloseTo(0.04, 6);
  expect(drift.cosine).toBeCloseTo(1, 12);
});

test('an exact output has no SQNR and is within any budget', () => {
  const drift = measureDrift(Float32Array.of(1, 2), Float64Array.of(1, 2));
  expect(drift.sqnr_db).toBeUndefined();
  expect(isWithinBudget(drift, 100)).toBe(true);
});

test('zeros for zeros are exact, anything for zeros is not', () => {
  expect(isWithinBudget(measureDrift(Float32Array.of(0), Float64Array.of(0)), 10)).toBe(true);
  expect(isWithinBudget(measureDrift(Float32Array.of(1), Float64Array.of(0)), 10)).toBe(false);
});

test('NaN and infinity are counted and break any budget, whatever the other values are', () => {
  const drift = measureDrift(Float32Array.of(Number.NaN, 2, Number.POSITIVE_INFINITY), Float64Array.of(1, 2, 3));
  expect(drift.nonfinite).toBe(2);
  expect(isWithinBudget(drift, -1000)).toBe(false);
});

test('an output that points the other way has a cosine of −1, one at right angles of 0', () => {
  expect(measureDrift(Float32Array.of(-1, 2), Float64Array.of(1, -2)).cosine).toBeCloseTo(-1, 12);
  expect(measureDrift(Float32Array.of(2, 1), Float64Array.of(1, -2)).cosine).toBeCloseTo(0, 12);
});

test('the 99th percentile of 101 errors is the second largest', () => {
  const errors = Float32Array.from({ length: 101 }, (_, i) => i);
  const drift = measureDrift(errors, new Float64Array(101));
  expect(drift.p99_abs_err).toBe(99);
  expect(drift.max_abs_err).toBe(100);
});

test('figures are those worked out by hand', () => {
  // Errors 2, 0 and 1 of energy 5, against a reference of energy 1 + 4 + 4 = 9.
  const drift = measureDrift(Float32Array.of(-1, 2, 3), Float64Array.of(1, 2, 2));
  expect(drift).toEqual({
    sqnr_db: expect.closeTo(10 * Math.log10(9 / 5), 12),
    rel_fro_err: expect.closeTo(Math.sqrt(5) / 3, 12),
    max_abs_err: 2,
    // Place 1.98 of the ascending errors 0, 1, 2.
    p99_abs_err: expect.closeTo(1.98, 12),
    // −1 + 4 + 6 = 9, over √(14 · 9).
    cosine: expect.closeTo(9 / Math.sqrt(126), 12),
    nonfinite: 0,
  });
});

test('a budget holds from its very value on', () => {
  const drift = measureDrift(Float32Array.of(1.1), Float64Array.of(1));
  expect(isWithinBudget(drift, 19.9)).toBe(true);
  expect(isWithinBudget(drift, 20.1)).toBe(false);
});

test('what has no value has none: an output of zeros no cosine, a reference of zeros no ratio, no output no error', () => {
  const zeros = measureDrift(Float32Array.of(0, 0), Float64Array.of(1, 2));
  expect(zeros).toMatchObject({ sqnr_db: 0, rel_fro_err: 1, cosine: undefined });
  const forZeros = measureDrift(Float32Array.of(1, 0), Float64Array.of(0, 0));
  expect(forZeros).toMatchObject({ sqnr_db: undefined, rel_fro_err: undefined, cosine: undefined, max_abs_err: 1 });
  const empty = measureDrift(new Float32Array(), new Float64Array());
  expect(empty).toMatchObject({ max_abs_err: 0, p99_abs_err: 0, nonfinite: 0 });
  expect(isWithinBudget(empty, 100)).toBe(true);
});

test('a budget holds at its very value', () => {
  const { sqnr_db = 0, ...others } = measureDrift(Float32Array.of(1.1), Float64Array.of(1));
  expect(isWithinBudget({ sqnr_db, ...others }, sqnr_db)).toBe(true);
});
