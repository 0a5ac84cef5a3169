import { expect, test } from 'vitest';
import { paretoFront } from './pareto.ts';

test('only what another one beats in nothing but loses in something is off the front', () => {
  const dense = { relativeTime: 10, bytes: 100, driftDb: 140 };
  const fast = { relativeTime: 5, bytes: 50, driftDb: 30 };
  const beaten = { relativeTime: 6, bytes: 50, driftDb: 29 };
  const twin = { ...fast };
  expect(paretoFront([dense, fast, beaten, twin])).toEqual([dense, fast, twin]);
});
