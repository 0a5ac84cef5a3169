import { expect, test } from 'vitest';
import { studentP } from './student.ts';
import { tTestP } from './t-test.ts';

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
    expect(studentP(criticals[i], degrees) / p).toBeCloseTo(1, 2);
  });
});

test("Student's sleep data: t = -1.8608 on 18 degrees of freedom, p = 0.07919 (R, ?sleep with var.equal)", () => {
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  expect(tTestP(first, second)).toBeCloseTo(0.07919, 4);
});

test('equal samples are no evidence, constant ones that differ are proof, and two single values are neither', () => {
  expect(tTestP([1, 2, 3], [3, 2, 1])).toBe(1);
  expect(tTestP([1, 1], [2, 2])).toBeCloseTo(0, 12);
  expect(tTestP([1], [2])).toBe(1);
});
