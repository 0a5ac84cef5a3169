import { expect, test } from 'vitest';
import { paretoFront } from './pareto.ts';

test('only what another one beats in nothing but loses in something is off the front', () => {
  const dense = { relativeTime: 10, bytes: 100, driftDb: 140 };
  const fast = { relativeTime: 5, bytes: 50, driftDb: 30 };
  const beaten = { relativeTime: 6, bytes: 50, driftDb: 29 };
  const twin = { ...fast };
  expect(paretoFront([dense, fast, beaten, twin])).toEqual([dense, fast, twin]);
});

const point = (relativeTime: number, bytes: number, driftDb: number) => ({ relativeTime, bytes, driftDb });
const middle = point(5, 50, 30);

test.each([
  ['faster', point(4, 50, 30)],
  ['smaller', point(5, 49, 30)],
  ['more exact', point(5, 50, 31)],
])('being %s alone is enough to beat one that is equal in all else', (_, better) => {
  expect(paretoFront([middle, better])).toEqual([better]);
});

test.each([
  ['slower', point(6, 1, 99)],
  ['larger', point(1, 51, 99)],
  ['less exact', point(1, 1, 29)],
])('one that is %s beats none, whatever else it is', (_, other) => {
  expect(paretoFront([middle, other])).toEqual([middle, other]);
});
