import { expect, test } from 'vitest';
import { holmAdjust } from './holm.ts';

const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(10)));

test.each([
  // The worked example of Wikipedia's article on the method: at 5 % it rejects the first and the fourth, and no more.
  [
    [0.01, 0.04, 0.03, 0.005],
    [0.03, 0.06, 0.06, 0.02],
  ],
  // p.adjust(c(.001, .01, .05, .1, .5, .9), 'holm') in R 4.5
  [
    [0.001, 0.01, 0.05, 0.1, 0.5, 0.9],
    [0.006, 0.05, 0.2, 0.3, 1, 1],
  ],
])('published results come out, in the order given: %j', (ps, adjusted) => {
  expect(rounded(holmAdjust(ps))).toEqual(adjusted);
});

test('an adjusted p is never below one of a smaller p, and never above 1', () => {
  expect(rounded(holmAdjust([0.02, 0.021, 0.9]))).toEqual([0.06, 0.06, 0.9]);
  expect(holmAdjust([0.6, 0.7])).toEqual([1, 1]);
});

test('a family of one is left alone, an empty one is empty', () => {
  expect(holmAdjust([0.04])).toEqual([0.04]);
  expect(holmAdjust([])).toEqual([]);
});
