import { expect, test } from 'vitest';
import type { MatmulShape } from '../grid/layout.ts';
import { pruneByMagnitude } from '../methods/magnitude.ts';
import { keepTwoOfFour } from '../methods/mask.ts';
import { packInt8Sparse24, packSparse24, unpackSparse24 } from './pack.ts';

function twoOfFour(W: Float32Array, shape: MatmulShape) {
  return packSparse24(pruneByMagnitude(W, shape, keepTwoOfFour), shape);
}

test('two of four are kept with their places in two bits each, two groups a byte', () => {
  const packed = twoOfFour(Float32Array.of(1, -4, 3, 2, 5, 0, 0, 6), { N: 1, K: 8 });
  expect([...packed.values]).toEqual([-4, 3, 5, 6]);
  // Places 1, 2 in the low half, 0, 3 in the high half.
  expect([...packed.indices]).toEqual([0b11_00_10_01]);
});

test('values and indices together take 17/32 of the bytes', () => {
  // Of four weights of 32 bits two remain, with two bits each.
  const packed = twoOfFour(new Float32Array(64 * 64), { N: 64, K: 64 });
  expect(packed.values.byteLength + packed.indices.byteLength).toBe((64 * 64 * 4 * 17) / 32);
});

test.each([
  { group: [5, 0, 0, 4], kept: [5, 0, 0, 4] },
  { group: [4, 0, 0, 5], kept: [4, 0, 0, 5] },
  { group: [5, 4, 3, 2], kept: [5, 4, 0, 0] },
  { group: [2, 3, 4, -5], kept: [0, 0, 4, -5] },
  { group: [3, -5, 2, 4], kept: [0, -5, 0, 4] },
  { group: [-4, 2, 5, 3], kept: [-4, 0, 5, 0] },
  { group: [1, -6, 5, 0], kept: [0, -6, 5, 0] },
])('of $group the two largest stay wherever they stand', ({ group, kept }) => {
  expect([...unpackSparse24(twoOfFour(Float32Array.from(group), { N: 1, K: 4 }), { N: 1, K: 4 })]).toEqual(kept);
});

test.each([
  { group: [1, 1, -1, 1], kept: [1, 1, 0, 0] },
  { group: [2, 1, 1, 1], kept: [2, 1, 0, 0] },
  { group: [1, -1, 2, 1], kept: [1, 0, 2, 0] },
  { group: [1, 1, 1, 2], kept: [1, 0, 0, 2] },
])('of equals in $group the first stay', ({ group, kept }) => {
  expect([...unpackSparse24(twoOfFour(Float32Array.from(group), { N: 1, K: 4 }), { N: 1, K: 4 })]).toEqual(kept);
});

test('a K that is no multiple of four loses nothing but what pruning drops', () => {
  const W = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...unpackSparse24(twoOfFour(W, { N: 1, K: 6 }), { N: 1, K: 6 })]).toEqual([0, 0, 3, 4, 5, 6]);
});

test('every row begins with a byte of its own, though its groups are odd in number', () => {
  // Rows of three groups; kept are places 0 1, 1 2, 2 3 and then 0 3, 1 3, 0 2.
  const rows = [
    [9, 8, 0, 0, 0, 7, 6, 0, 0, 0, 5, 4],
    [1, 0, 0, 2, 0, 3, 0, 4, 5, 0, 6, 0],
  ];
  const W = Float32Array.from(rows.flat());
  const packed = twoOfFour(W, { N: 2, K: 12 });
  expect([...packed.values]).toEqual([9, 8, 7, 6, 5, 4, 1, 2, 3, 4, 5, 6]);
  expect([...packed.indices]).toEqual([0b10_01_01_00, 0b11_10, 0b11_01_11_00, 0b10_00]);
  expect([...unpackSparse24(packed, { N: 2, K: 12 })]).toEqual([...W]);
});

test('what pads K is never taken for a weight of the next row', () => {
  const W = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  const packed = twoOfFour(W, { N: 2, K: 5 });
  expect([...packed.values]).toEqual([3, 4, 5, 0, 8, 9, 10, 0]);
  expect([...unpackSparse24(packed, { N: 2, K: 5 })]).toEqual([0, 0, 3, 4, 5, 0, 0, 8, 9, 10]);
});

test('where a mask keeps fewer than two of four, a zero is stored beside them', () => {
  const mask = Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 0);
  const packed = packSparse24({ W: Float32Array.of(0, 0, 5, 0, 0, 0, 0, 0), mask }, { N: 1, K: 8 });
  expect([...packed.values]).toEqual([0, 5, 0, 0]);
  expect([...packed.indices]).toEqual([0b01_00_10_00]);
});

test('as int8 the two of each group are rounded by the scale of their row, in a quarter of the bytes', () => {
  const W = Float32Array.of(127, 1.4, 0, -100.6, 0, 5, 3, 0, 0, 2, 0, 0, 0, -2, 0, 1);
  const shape = { N: 2, K: 8 };
  const packed = packInt8Sparse24(pruneByMagnitude(W, shape, keepTwoOfFour), shape);
  expect([...packed.values]).toEqual([127, -101, 5, 3, 0, 127, -127, 64]);
  expect([...packed.scales]).toEqual([1, Math.fround(2 / 127)]);
  expect([...packed.indices]).toEqual([...twoOfFour(W, shape).indices]);
  expect([...unpackSparse24(packed, shape)].slice(0, 8)).toEqual([127, 0, 0, -101, 0, 5, 3, 0]);
  expect(unpackSparse24(packed, shape)[13]).toBeCloseTo(-2, 6);
});
