import { expect, test } from 'vitest';
import { choicesSkip, compress } from './choices.ts';
import { signedGroups } from './signed-groups.ts';

const shape = { N: 2, K: 32 };
const grid = signedGroups(4, 32, {});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('weights of %d are refused', (odd) => {
  const W = new Float32Array(64).fill(1).fill(odd, 33, 34);
  expect(() => compress({ W }, shape, grid, {}, undefined)).toThrow(`weights: must be finite, got ${odd} at W[33]`);
});

test.each([
  [{ actOrder: 'yes' }, 'actOrder: is a choice of method gptq, got rtn'],
  [{ rank: 8 }, 'rank: is of a correction, got none'],
  [{ method: 'gptq', actOrder: 'yes' }, undefined],
  [{ correction: 'svd', rank: 8 }, undefined],
  [{ correction: 'learned' }, undefined],
  [{ correction: 'learned', rank: 8 }, 'rank: is what was learned, got 8'],
  [
    { correction: 'learned', transform: 'hadamard' },
    'correction: was learned beside weights that nothing transforms, got hadamard',
  ],
  [{ correction: 'learned', method: 'awq' }, 'correction: was learned beside weights that nothing divides, got awq'],
])('%o is skipped with its reason, or not at all', (params, reason) => {
  expect(choicesSkip(params, () => grid, shape)).toBe(reason);
});

test('what was learned beside rounded weights is added to them, and must be there', async () => {
  const { default: int4 } = await import('../int4/technique.ts');
  const problem = { op: 'matmul', M: 1, ...shape, weights: 'drawn', seed: 0 } as const;
  const W = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
  const [down, up] = [new Float32Array(32).fill(0.25), Float32Array.of(2, -4)];
  const unpacked = (correction: string) => {
    const params = { scheme: 'symmetric', groupSize: 32, correction };
    const weights = int4.unpack(int4.pack({ W, down, up }, problem, params), problem, params);
    return 'W' in weights ? weights.W : new Float32Array(0);
  };
  const rounded = unpacked('none');
  expect(unpacked('learned')).toEqual(rounded.map((w, i) => w + (i < 32 ? 0.5 : -1)));
  expect(() => compress({ W }, shape, grid, { correction: 'learned' }, undefined)).toThrow('--adapters names a folder');
});
