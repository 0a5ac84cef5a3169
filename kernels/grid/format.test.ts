import { expect, test } from 'vitest';
import f16 from '../f16/technique.ts';
import int4 from '../int4/technique.ts';
import nf4 from '../nf4/technique.ts';

test.each([
  ['one row of int8 on integer codes', int4, { groupSize: 64, activations: 'int8' }, 1, 'int8'],
  ['one row of f32', int4, { groupSize: 64 }, 1, 'f32'],
  ['several rows of int8', int4, { groupSize: 64, activations: 'int8' }, 64, 'int8'],
  ['codes that become f32', nf4, { activations: 'int8' }, 1, 'f32'],
])('%s is held against the roof of what it computes in', (_, technique, params, M, arithmetic) => {
  const problem = { op: 'matmul', M, N: 8, K: 256, weights: 'synthetic', seed: 0 } as const;
  expect(technique.arithmetic?.(params, problem)).toBe(arithmetic);
});

test('no budget asks more of rounded activations than they keep', () => {
  const plain = int4.minSqnrDb({ groupSize: 64 });
  expect(int4.minSqnrDb({ groupSize: 64, activations: 'int8' })).toBe(plain - 4);
  expect(f16.minSqnrDb({})).toBeGreaterThan(50);
  expect(f16.minSqnrDb({ activations: 'int8' })).toBe(25);
});
