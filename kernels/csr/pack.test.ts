import { expect, test } from 'vitest';
import type { MatmulShape } from '../grid/layout.ts';
import { pruneByMagnitude } from '../methods/magnitude.ts';
import { keepShare } from '../methods/mask.ts';
import { packCsr, packInt8Csr, unpackCsr } from './pack.ts';

function packed(W: Float32Array, shape: MatmulShape, sparsity: number) {
  return packCsr(pruneByMagnitude(W, shape, keepShare(sparsity)), shape);
}

test('the example of the format: values row by row, columns ascending, row pointers one past the end', () => {
  // Saad, Iterative Methods for Sparse Linear Systems, §3.4, its 5×5 example.
  const W = Float32Array.from([1, 0, 0, 2, 0, 3, 4, 0, 5, 0, 6, 0, 7, 8, 9, 0, 0, 10, 11, 0, 0, 0, 0, 0, 12]);
  const csr = packed(W, { N: 5, K: 5 }, 0);
  expect([...csr.values]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect([...csr.colIdx]).toEqual([0, 3, 0, 1, 3, 0, 2, 3, 4, 2, 3, 4]);
  expect([...csr.rowPtr]).toEqual([0, 2, 5, 9, 11, 12]);
});

test('the largest magnitudes are kept, of equals the first, and no more than asked for', () => {
  const W = Float32Array.from([1, -3, 1, 1, 2, 1]);
  expect([...unpackCsr(packed(W, { N: 2, K: 3 }, 0.5), { N: 2, K: 3 })]).toEqual([1, -3, 0, 0, 2, 0]);
});

test('columns take two bytes up to K = 65536 and four above', () => {
  const W = new Float32Array(65537).fill(1);
  expect(packed(W.subarray(1), { N: 1, K: 65536 }, 0).colIdx).toBeInstanceOf(Uint16Array);
  const wide = packed(W, { N: 1, K: 65537 }, 0);
  expect(wide.colIdx).toBeInstanceOf(Uint32Array);
  expect(wide.colIdx.at(-1)).toBe(65536);
});

test('exact zeros are never stored, even where more weights are to be kept than there are others', () => {
  const W = Float32Array.of(0, 2, 0, -0, 0, -1);
  const csr = packed(W, { N: 2, K: 3 }, 0.25);
  expect([...csr.values]).toEqual([2, -1]);
  expect([...csr.colIdx]).toEqual([1, 2]);
  expect([...csr.rowPtr]).toEqual([0, 1, 2]);
});

test.each([
  { sparsity: 1, kept: [] },
  // (1 − sparsity) · 6 rounded to the nearest whole number of weights: 0.6, 1.5, 4.5.
  { sparsity: 0.9, kept: [6] },
  { sparsity: 0.75, kept: [5, 6] },
  { sparsity: 0.25, kept: [2, 3, 4, 5, 6] },
])('of six weights a sparsity of $sparsity keeps $kept', ({ sparsity, kept }) => {
  const W = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...packed(W, { N: 2, K: 3 }, sparsity).values]).toEqual(kept);
});

test('as int8 each row has its own scale, its largest kept weight at ±127, and what rounds to zero is not stored', () => {
  const W = Float32Array.of(127, -63.6, 0.4, 254, 0, 0, 0, -1, 0.25);
  const csr = packInt8Csr(pruneByMagnitude(W, { N: 3, K: 3 }, keepShare(0)), { N: 3, K: 3 });
  expect([...csr.values]).toEqual([127, -64, 127, -127, 32]);
  expect([...csr.colIdx]).toEqual([0, 1, 0, 1, 2]);
  expect([...csr.rowPtr]).toEqual([0, 2, 3, 5]);
  expect([...csr.scales]).toEqual([1, 2, Math.fround(1 / 127)]);
  const restored = unpackCsr(csr, { N: 3, K: 3 });
  expect([...restored.subarray(0, 7)]).toEqual([127, -64, 0, 254, 0, 0, 0]);
  expect(restored[8]).toBeCloseTo(32 / 127, 7);
});

test('a scale comes from kept weights alone, and a row that keeps none has a scale of zero', () => {
  const pruned = { W: Float32Array.of(1000, 2, 3, 4), mask: Uint8Array.of(0, 1, 0, 0) };
  const csr = packInt8Csr(pruned, { N: 2, K: 2 });
  expect([...csr.values]).toEqual([127]);
  expect([...csr.scales]).toEqual([Math.fround(2 / 127), 0]);
});
