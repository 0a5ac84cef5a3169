import { expect, test } from 'vitest';
import { quantile, quantileSorted } from './quantile.ts';

test('quantiles interpolate as R does by default (type 7)', () => {
  // quantile(c(1, 2, 4, 8, 16), c(0, .2, .25, .5, .9, 1)) in R 4.3
  const values = [1, 2, 4, 8, 16];
  expect([0, 0.2, 0.25, 0.5, 0.9, 1].map((q) => quantileSorted(values, q))).toEqual([1, 1.8, 2, 4, 12.8, 16]);
});

test('values may come in any order and are left in it', () => {
  const values = [16, 1, 8, 2, 4];
  expect(quantile(values, 0.5)).toBe(4);
  expect(values).toEqual([16, 1, 8, 2, 4]);
});
