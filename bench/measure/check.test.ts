import { expect, test } from 'vitest';
import { checkOutput } from './check.ts';

const reference = { values: Float64Array.of(1, 2, 3), tolerance: Float64Array.of(0.1, 0.1, 0.1), errorEnergy: 0.01 };

test('an output within tolerance everywhere passes, with its error as NMSE', () => {
  const check = checkOutput(Float32Array.of(1, 2, 3.05), reference);
  expect(check.failure).toBeUndefined();
  expect(check.nmse).toBeCloseTo(0.0025 / 14, 8);
});

test.each([
  ['one wrong element', [1, 2.5, 3], /^output\[1\]: must be 2\.00000 ± 0\.10, got 2\.5 \(1 of 3 values are off\)$/],
  ['NaN', [1, Number.NaN, 3], /got NaN/],
  ['infinity', [Number.POSITIVE_INFINITY, 2, 3], /got Infinity/],
  ['zeros', [0, 0, 0], /3 of 3/],
  ['too few values', [1, 2], /must hold 3 values, got 2/],
])('%s is rejected', (_, output, failure) => {
  expect(checkOutput(Float32Array.from(output), reference).failure).toMatch(failure);
});

test('errors that all stay within tolerance but add up to more than rounding does are rejected', () => {
  expect(checkOutput(Float32Array.of(1.09, 2.09, 3.09), reference).failure).toMatch(
    /0\.10 at most .*, got 0\.16: too few bits/,
  );
});

test.each([
  [0.099, true],
  [0.101, false],
])('an element off by %f is within a tolerance of 0.1: %s', (error, isRight) => {
  const loose = { ...reference, errorEnergy: 1 };
  for (const sign of [1, -1]) {
    const { failure } = checkOutput(Float32Array.of(1, 2, 3 + sign * error), loose);
    expect(failure === undefined).toBe(isRight);
  }
});

test.each([
  [0.055, true],
  [0.06, false],
])('three errors of %f, within tolerance each, make an energy below 0.01: %s', (error, isRight) => {
  expect(checkOutput(Float32Array.of(1 + error, 2 - error, 3 + error), reference).failure === undefined).toBe(isRight);
});

test('the first of several wrong elements is named, and how many there are', () => {
  expect(checkOutput(Float32Array.of(1, 9, 9), reference).failure).toMatch(
    /^output\[1\]: .* \(2 of 3 values are off\)$/,
  );
});

test('an output of NaN or without a signal to compare with has no NMSE', () => {
  expect(checkOutput(Float32Array.of(1, Number.NaN, 3), reference).nmse).toBeUndefined();
  const zeros = { values: new Float64Array(1), tolerance: Float64Array.of(1), errorEnergy: 1 };
  expect(checkOutput(Float32Array.of(0.5), zeros).nmse).toBeUndefined();
});
