import { expect, test } from 'vitest';
import { cholesky, invertLower, upperFactorOfInverse } from './cholesky.ts';
import { correlatedRows } from './methods.fixture.ts';
import { gram } from './statistics.ts';

test('a matrix factored by hand', () => {
  const A = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);
  cholesky(A, 3);
  expect([...A]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3]);
  invertLower(A, 3);
  [0.5, 0, 0, -3, 1, 0, 19 / 3, -5 / 3, 1 / 3].forEach((value, i) => {
    expect(A[i]).toBeCloseTo(value, 12);
  });
});

test('UᵀU is the inverse, U upper, at sizes that are no multiple of a panel or tile', () => {
  for (const K of [1, 2, 17, 67, 133]) {
    const H = gram(correlatedRows(K, K, 3, 0), K);
    for (let k = 0; k < K; k++) H[k * K + k] += 1;
    const U = H.slice();
    upperFactorOfInverse(U, K);
    let worst = 0;
    for (let column = 0; column < K; column++) {
      // Column of U, then of UᵀU, then of H·UᵀU.
      const inverse = Array.from({ length: K }, (_, j) => {
        let sum = 0;
        for (let i = 0; i <= Math.min(j, column); i++) sum += U[i * K + j] * U[i * K + column];
        return sum;
      });
      for (let i = 0; i < K; i++) {
        if (i > column) expect(U[i * K + column]).toBe(0);
        const product = inverse.reduce((sum, value, j) => sum + H[i * K + j] * value, 0);
        worst = Math.max(worst, Math.abs(product - (i === column ? 1 : 0)));
      }
    }
    expect(worst).toBeLessThan(1e-9);
  }
});

test('a matrix with a direction in which it is not positive is refused', () => {
  expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow(/positive definite, got pivot -3/);
});
