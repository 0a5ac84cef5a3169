import { expect, test } from 'vitest';
import { keepShare, keepTwoOfFour } from './mask.ts';

test.each([
  { sparsity: 0.5, within: 'matrix', kept: [0, 0, 0, 1, 1, 1] },
  { sparsity: 0.5, within: 'row', kept: [0, 1, 1, 0, 1, 1] },
  { sparsity: 1, within: 'row', kept: [0, 0, 0, 0, 0, 0] },
  { sparsity: 0, within: 'matrix', kept: [1, 1, 1, 1, 1, 1] },
] as const)('a sparsity of $sparsity within the $within keeps $kept', ({ sparsity, within, kept }) => {
  // Half of three is rounded up to two.
  expect([...keepShare(sparsity).keep(Float32Array.of(1, 2, 3, 4, 5, 6), { N: 2, K: 3 }, within)]).toEqual(kept);
});

test('the share of an odd matrix is rounded as it has always been, so that packed weights stay the same', () => {
  // 0.7 · 5 · 9 is 31.5 and 0.7 · 45 a little less.
  const scores = Float32Array.from({ length: 45 }, (_, i) => i + 1);
  expect(
    keepShare(0.3)
      .keep(scores, { N: 5, K: 9 }, 'matrix')
      .filter((kept) => kept === 1),
  ).toHaveLength(32);
});

test('of equal scores the first stay, and what scores nothing never does', () => {
  expect([...keepShare(0.5).keep(Float64Array.of(1, 2, 1, 1), { N: 1, K: 4 }, 'row')]).toEqual([1, 1, 0, 0]);
  expect([...keepShare(0.25).keep(Float64Array.of(0, 2, 0, 1), { N: 1, K: 4 }, 'row')]).toEqual([0, 1, 0, 1]);
});

test.each([0.3, 0.5, 0.95])('a sparsity of %d keeps the same of f32 as of f64, ties among them', (sparsity) => {
  const scores = Float32Array.from({ length: 35 }, (_, i) => Math.abs(Math.sin(i * i)) ** (i % 9)).map((x) =>
    x < 0.1 ? Math.round(x * 20) * 2 ** -149 : x,
  );
  const shape = { N: 5, K: 7 };
  for (const within of ['matrix', 'row'] as const) {
    const own = keepShare(sparsity).keep(scores, shape, within);
    expect(own).toEqual(keepShare(sparsity).keep(Float64Array.from(scores), shape, within));
  }
});

test('of each four the kept two have the largest sum of all six pairs', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const scores = Float64Array.from({ length: 4 }, (_, i) => Math.abs(Math.sin(seed * 7 + i * seed)));
    const mask = keepTwoOfFour.keep(scores, { N: 1, K: 4 }, 'row');
    const sumOf = (kept: ArrayLike<number>) => scores.reduce((sum, score, i) => sum + kept[i] * score, 0);
    expect(sumOf(mask)).toBe(Math.max(...pairsOfFour.map(sumOf)));
  }
});

const pairsOfFour = [
  [1, 1, 0, 0],
  [1, 0, 1, 0],
  [1, 0, 0, 1],
  [0, 1, 1, 0],
  [0, 1, 0, 1],
  [0, 0, 1, 1],
];

test('a last group of fewer than four keeps two of those it has', () => {
  const scores = Float32Array.of(1, 2, 3, 4, 1, 2, 3, 5, 6, 7, 8, 9, 8, 7);
  expect([...keepTwoOfFour.keep(scores, { N: 2, K: 7 }, 'row')]).toEqual([0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0]);
  expect([...keepTwoOfFour.keep(Float32Array.of(0), { N: 1, K: 1 }, 'row')]).toEqual([1]);
});
