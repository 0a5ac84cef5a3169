import { expect, test } from 'vitest';
import { batchesOf, cutWindows } from './windows.ts';

const ids = Int32Array.from({ length: 101 }, (_, i) => i);

test('windows follow each other, and share the token that one predicts last and the next begins with', () => {
  const windows = cutWindows(ids, 10);
  expect(windows).toHaveLength(10);
  expect([...windows[3]]).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
});

test('an epoch sees each window once, the next one in another order', () => {
  const batchAt = batchesOf(ids, 10, 3, 1);
  const firsts = (epoch: number) => [0, 1, 2].flatMap((i) => batchAt(epoch * 3 + i).map((window) => window[0]));
  const places = (epoch: number) => firsts(epoch).map((first) => Math.floor(first / 10));
  expect(places(0).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(places(1).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(places(1)).not.toEqual(places(0));
});

test('a batch depends on nothing but its step', () => {
  const batchAt = batchesOf(ids, 10, 4, 1);
  const later = batchAt(7);
  expect(batchesOf(ids, 10, 4, 1)(7)).toEqual(later);
  expect(batchAt(0)).not.toEqual(later);
});
