import { expect, test } from 'vitest';
import { roundToNearest } from './grid.ts';
import { decodeChoice, storeChoice } from './layout.ts';
import { signedGroups } from './signed-groups.ts';

const problem = (N: number, K: number) => ({ N, K });

/** Four bits in groups of so many. */
function packInt4(W: Float32Array, shape: { N: number; K: number }, groupSize: number) {
  const grid = signedGroups(4, groupSize, {});
  const choice = roundToNearest(grid, W, shape);
  const { codes, scales } = storeChoice(choice, grid.layout, shape);
  return { values: codes, scales: scales!, choice, layout: grid.layout };
}

function unpackInt4({ choice, layout }: ReturnType<typeof packInt4>, shape: { N: number; K: number }) {
  return decodeChoice(choice, layout, shape);
}

test('the weight of largest magnitude is level −8, two levels a byte, the even one low', () => {
  const packed = packInt4(Float32Array.of(-8, 7, 1, 0), problem(1, 4), 32);
  expect([...packed.scales]).toEqual([1]);
  expect([...packed.values]).toEqual([0xf0, 0x89]);
});

test('a positive extreme turns the scale negative, so that it too is met exactly', () => {
  const W = Float32Array.of(8, -7, 3, 0);
  const packed = packInt4(W, problem(1, 4), 32);
  expect([...packed.scales]).toEqual([-1]);
  expect([...unpackInt4(packed, problem(1, 4))].map((w) => w + 0)).toEqual([...W]);
});

test('groups have their own f16 scales, the last may be shorter, an odd K ends on half a byte', () => {
  const W = Float32Array.from({ length: 67 }, (_, k) => (k < 64 ? -8 : -80));
  const packed = packInt4(W, problem(1, 67), 32);
  expect([...packed.scales]).toEqual([1, 1, 10]);
  expect(packed.values.byteLength).toBe(34);
  expect([...unpackInt4(packed, problem(1, 67))]).toEqual([...W]);
});

test('weights are rounded against the scale that f16 leaves', () => {
  // 1 + 2⁻¹² is nearest to 1 among f16, and 3.5002 is nearest to 3 of the former and to 4 of the latter.
  const packed = packInt4(Float32Array.of(-8 * (1 + 2 ** -12), 3.5002), problem(1, 2), 32);
  expect([...packed.scales]).toEqual([1]);
  expect([...unpackInt4(packed, problem(1, 2))]).toEqual([-8, 4]);
});

test('a scale below the smallest normal f16 keeps the bits it has there', () => {
  // In units of 2⁻²⁴, the smallest f16 there is.
  const W = Float32Array.of(-24 * 2 ** -24, 9 * 2 ** -24);
  const packed = packInt4(W, problem(1, 2), 32);
  expect([...packed.scales]).toEqual([3 * 2 ** -24]);
  expect([...unpackInt4(packed, problem(1, 2))]).toEqual([...W]);
});

test('no weight moves by more than one step', () => {
  const W = Float32Array.from({ length: 64 }, (_, k) => Math.sin(k * 7) * (1 + (k % 5)));
  const packed = packInt4(W, problem(1, 64), 32);
  unpackInt4(packed, problem(1, 64)).forEach((w, k) => {
    expect(Math.abs(w - W[k])).toBeLessThanOrEqual(Math.abs(packed.scales[Math.floor(k / 32)]));
  });
});

test('a group of zeros stays zeros, in the level that stands for zero', () => {
  const packed = packInt4(new Float32Array(3), problem(1, 3), 32);
  expect([...packed.values]).toEqual([0x88, 0x08]);
  expect([...unpackInt4(packed, problem(1, 3))].map((w) => w + 0)).toEqual([0, 0, 0]);
});

test('every row of several groups has its own scales', () => {
  const [N, K] = [3, 5];
  const W = Float32Array.from(
    { length: N * K },
    (_, i) => -8 * (Math.floor(i / K) + 1) * (i % K < 2 ? 1 : i % K < 4 ? 4 : 16),
  );
  const packed = packInt4(W, problem(N, K), 2);
  expect([...packed.scales]).toEqual([1, 4, 16, 2, 8, 32, 3, 12, 48]);
  expect([...unpackInt4(packed, problem(N, K))]).toEqual([...W]);
});

test('weights beyond what f16 scales reach are cut there, on either side', () => {
  const packed = packInt4(Float32Array.of(-1e6, 1e6, 0, 1e6, 0, -1e6), problem(2, 3), 3);
  expect([...packed.scales]).toEqual([65504, -65504]);
  expect([...unpackInt4(packed, problem(2, 3))].map((w) => w + 0)).toEqual([
    -8 * 65504,
    7 * 65504,
    0,
    8 * 65504,
    0,
    -7 * 65504,
  ]);
});
