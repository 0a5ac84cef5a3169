import { expect, test } from 'vitest';
import { ulpsApart } from './ulps.ts';

test.each([
  ['equal values', 1.5, 1.5, 0],
  ['the next value above 1', 1, 1 + 2 ** -23, 1],
  ['the next value below 1', 1, 1 - 2 ** -24, 1],
  ['neighbours across a power of two', 2, 2 - 2 ** -23, 1],
  ['the zeros', -0, 0, 1],
  ['the smallest values on both sides of zero', 2 ** -149, -(2 ** -149), 3],
  ['two NaN', Number.NaN, Number.NaN, 0],
  ['NaN and a number', Number.NaN, 1, Number.POSITIVE_INFINITY],
  ['infinity and the largest value', Number.POSITIVE_INFINITY, 2 ** 127 * (2 - 2 ** -23), 1],
])('%s', (_, a, b, distance) => {
  expect([ulpsApart(a, b), ulpsApart(b, a)]).toEqual([distance, distance]);
});
