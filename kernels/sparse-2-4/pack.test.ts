import { expect, test } from 'vitest';
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import { packSparse24, unpackSparse24 } from './pack.ts';

const problem = (N: number, K: number): MatmulProblem => ({ op: 'matmul', M: 1, N, K, weights: 'synthetic', seed: 0 });

test('two of four are kept with their places in two bits each, two groups a byte', () => {
  const packed = packSparse24(Float32Array.of(1, -4, 3, 2, 5, 0, 0, 6), problem(1, 8));
  expect([...packed.values]).toEqual([-4, 3, 5, 6]);
  // Places 1, 2 in the low half, 0, 3 in the high half.
  expect([...packed.indices]).toEqual([0b11_00_10_01]);
});

test('values and indices together take 9/16 of the bytes', () => {
  const packed = packSparse24(new Float32Array(64 * 64), problem(64, 64));
  expect(packed.values.byteLength + packed.indices.byteLength).toBe((64 * 64 * 4 * 9) / 16 - (64 * 64) / 8 + 0);
});

test('a K that is no multiple of four loses nothing but what pruning drops', () => {
  const W = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...unpackSparse24(packSparse24(W, problem(1, 6)), problem(1, 6))]).toEqual([0, 0, 3, 4, 5, 6]);
});
