import { expect, test } from 'vitest';
import int4 from './technique.ts';

/** Two rows of two groups, all weights alike but for the last group's. */
function caveatOf(size: number, lastGroup = size): string | undefined {
  const W = Float32Array.from({ length: 128 }, (_, i) => (i < 96 ? size : lastGroup) * (i % 2 === 0 ? 1 : -0.5));
  const problem = { op: 'matmul', M: 1, N: 2, K: 64, weights: 'synthetic', seed: 0 } as const;
  const params = { groupSize: 32 };
  return int4.caveat?.({ W }, int4.pack({ W }, problem, params), problem, params);
}

test.each([
  ['ordinary weights', 0.1, 0.1, undefined],
  ['zeros, whose scale is rightly 0', 0, 0, undefined],
  // Half of the least f16, 2⁻²⁴, times eight levels: 2.4e-7.
  ['weights near 1e-8', 1e-8, 1e-8, '4 of 4 f16 scales underflowed to 0, their weights with them'],
  ['one group near 1e-8', 0.1, 1e-8, '1 of 4 f16 scales underflowed to 0, their weights with them'],
  ['weights near 1e-5', 1e-5, 1e-5, '4 of 4 f16 scales are subnormal and hold fewer than 11 bits'],
  ['one group of millions', 0.1, 1e6, '1 of 4 f16 scales overflowed: weights are cut at 524032'],
])('%s', (_, size, lastGroup, caveat) => {
  expect(caveatOf(size, lastGroup)).toBe(caveat);
});
