import { expect, test } from 'vitest';
import { choicesSkip, compress } from './choices.ts';
import { signedGroups } from './signed-groups.ts';

const shape = { N: 2, K: 32 };
const grid = signedGroups(4, 32, {});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('weights of %d are refused', (odd) => {
  const W = new Float32Array(64).fill(1).fill(odd, 33, 34);
  expect(() => compress(W, shape, grid, {}, undefined)).toThrow(`weights: must be finite, got ${odd} at W[33]`);
});

test.each([
  [{ actOrder: 'yes' }, 'actOrder: is a choice of method gptq, got rtn'],
  [{ rank: 8 }, 'rank: is of a correction, got none'],
  [{ method: 'gptq', actOrder: 'yes' }, undefined],
  [{ correction: 'svd', rank: 8 }, undefined],
])('%o is skipped with its reason, or not at all', (params, reason) => {
  expect(choicesSkip(params, () => grid, shape)).toBe(reason);
});
