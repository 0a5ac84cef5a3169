import { expect, test } from 'vitest';
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import { packCsr, unpackCsr } from './pack.ts';

const problem = (N: number, K: number): MatmulProblem => ({ op: 'matmul', M: 1, N, K, weights: 'synthetic', seed: 0 });

test('the example of the format: values row by row, columns ascending, row pointers one past the end', () => {
  // Saad, Iterative Methods for Sparse Linear Systems, §3.4, its 5×5 example.
  const W = Float32Array.from([1, 0, 0, 2, 0, 3, 4, 0, 5, 0, 6, 0, 7, 8, 9, 0, 0, 10, 11, 0, 0, 0, 0, 0, 12]);
  const packed = packCsr(W, problem(5, 5), 0);
  expect([...packed.values]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect([...packed.colIdx]).toEqual([0, 3, 0, 1, 3, 0, 2, 3, 4, 2, 3, 4]);
  expect([...packed.rowPtr]).toEqual([0, 2, 5, 9, 11, 12]);
});

test('the largest magnitudes are kept, of equals the first, and no more than asked for', () => {
  const W = Float32Array.from([1, -3, 1, 1, 2, 1]);
  expect([...unpackCsr(packCsr(W, problem(2, 3), 0.5), problem(2, 3))]).toEqual([1, -3, 0, 0, 2, 0]);
});

test('columns take two bytes up to K = 65536 and four above', () => {
  const W = new Float32Array(65537).fill(1);
  expect(packCsr(W.subarray(1), problem(1, 65536), 0).colIdx).toBeInstanceOf(Uint16Array);
  const wide = packCsr(W, problem(1, 65537), 0);
  expect(wide.colIdx).toBeInstanceOf(Uint32Array);
  expect(wide.colIdx.at(-1)).toBe(65536);
});

test('exact zeros are never stored, even where more weights are to be kept than there are others', () => {
  const W = Float32Array.of(0, 2, 0, -0, 0, -1);
  const packed = packCsr(W, problem(2, 3), 0.25);
  expect([...packed.values]).toEqual([2, -1]);
  expect([...packed.colIdx]).toEqual([1, 2]);
  expect([...packed.rowPtr]).toEqual([0, 1, 2]);
});

test.each([
  { sparsity: 1, kept: [] },
  // (1 − sparsity) · 6 rounded to the nearest whole number of weights: 0.6, 1.5, 4.5.
  { sparsity: 0.9, kept: [6] },
  { sparsity: 0.75, kept: [5, 6] },
  { sparsity: 0.25, kept: [2, 3, 4, 5, 6] },
])('of six weights a sparsity of $sparsity keeps $kept', ({ sparsity, kept }) => {
  const W = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...packCsr(W, problem(2, 3), sparsity).values]).toEqual(kept);
});
