import { expect, test } from 'vitest';
import { studentP, studentQuantile } from './student.ts';

// The regularised incomplete beta function in 40 digits (mpmath 1.3); scipy.stats.t.sf of SciPy 1.17.1 agrees to 13 digits.
test.each([
  [0.5, 1, 0.7048327646991335],
  [0.001, 7, 0.9992300172449988],
  [2, 3.5, 0.1261385225759135],
  [4, 10, 0.002518332624736692],
  [8, 8, 4.366826031328025e-5],
  [1e3, 2, 9.999985000025e-7],
  [12, 30, 5.580185415199256e-13],
  [10, 100, 9.901688984594139e-17],
  [25, 40, 4.963343444478319e-26],
  [1e8, 5, 1.89803344911247e-39],
  [40, 1000, 1.047885215517336e-209],
])('P(|T| ≥ %d) with %d degrees of freedom, to 10 digits however small', (t, degrees, p) => {
  expect(studentP(t, degrees) / p).toBeCloseTo(1, 10);
  expect(studentP(-t, degrees)).toBe(studentP(t, degrees));
});

test('one degree of freedom is Cauchy’s: 2/π · atan(1/t), where t² is no number any more', () => {
  expect(studentP(1e200, 1) / ((2 / Math.PI) * 1e-200)).toBeCloseTo(1, 9);
});

test('nothing is certain, and nothing lies beyond infinity', () => {
  expect(studentP(0, 5)).toBe(1);
  expect(studentP(Number.POSITIVE_INFINITY, 5)).toBe(0);
});

// Abramowitz & Stegun (1964), table 26.10: t whose two-sided p is 0.05, 0.01 and 0.001.
test.each([
  [1, [12.706, 63.657, 636.619]],
  [2, [4.303, 9.925, 31.598]],
  [3, [3.182, 5.841, 12.924]],
  [10, [2.228, 3.169, 4.587]],
  [11, [2.201, 3.106, 4.437]],
  [30, [2.042, 2.75, 3.646]],
  [120, [1.98, 2.617, 3.373]],
])('critical values with %d degrees of freedom', (degrees, criticals) => {
  [0.05, 0.01, 0.001].forEach((p, i) => {
    expect(studentQuantile(p, degrees)).toBeCloseTo(criticals[i], 2);
  });
});

// scipy.stats.t.isf(p / 2, degrees), SciPy 1.17.1
test.each([
  [0.1, 4.5, 2.065575888878525],
  [0.5, 7, 0.7111417780817866],
  [1e-4, 6, 9.082346327293994],
  [1e-6, 12, 9.084692934131269],
  [0.2, 60, 1.2958210935157308],
])('the t of p = %d with %d degrees of freedom', (p, degrees, t) => {
  expect(studentQuantile(p, degrees)).toBeCloseTo(t, 9);
});
