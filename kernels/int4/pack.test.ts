import { expect, test } from 'vitest';
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import { packInt4, unpackInt4 } from './pack.ts';

const problem = (N: number, K: number): MatmulProblem => ({ op: 'matmul', M: 1, N, K, weights: 'synthetic', seed: 0 });

test('the weight of largest magnitude is level −8, two levels a byte, the even one low', () => {
  const packed = packInt4(Float32Array.of(-8, 7, 1, 0), problem(1, 4), 32);
  expect([...packed.scales]).toEqual([1]);
  expect([...packed.values]).toEqual([0xf0, 0x89]);
});

test('a positive extreme turns the scale negative, so that it too is met exactly', () => {
  const W = Float32Array.of(8, -7, 3, 0);
  const packed = packInt4(W, problem(1, 4), 32);
  expect([...packed.scales]).toEqual([-1]);
  expect([...unpackInt4(packed, problem(1, 4), 32)].map((w) => w + 0)).toEqual([...W]);
});

test('groups have their own f16 scales, the last may be shorter, an odd K ends on half a byte', () => {
  const W = Float32Array.from({ length: 67 }, (_, k) => (k < 64 ? -8 : -80));
  const packed = packInt4(W, problem(1, 67), 32);
  expect([...packed.scales]).toEqual([1, 1, 10]);
  expect(packed.values.byteLength).toBe(34);
  expect([...unpackInt4(packed, problem(1, 67), 32)]).toEqual([...W]);
});

test('weights are rounded against the scale that f16 leaves', () => {
  // 1 + 2⁻¹² is nearest to 1 among f16, and 3.5002 is nearest to 3 of the former and to 4 of the latter.
  const packed = packInt4(Float32Array.of(-8 * (1 + 2 ** -12), 3.5002), problem(1, 2), 32);
  expect([...packed.scales]).toEqual([1]);
  expect([...unpackInt4(packed, problem(1, 2), 32)]).toEqual([-8, 4]);
});

test('a scale below the smallest normal f16 keeps the bits it has there', () => {
  // In units of 2⁻²⁴, the smallest f16 there is.
  const W = Float32Array.of(-24 * 2 ** -24, 9 * 2 ** -24);
  const packed = packInt4(W, problem(1, 2), 32);
  expect([...packed.scales]).toEqual([3 * 2 ** -24]);
  expect([...unpackInt4(packed, problem(1, 2), 32)]).toEqual([...W]);
});

test('no weight moves by more than one step', () => {
  const W = Float32Array.from({ length: 64 }, (_, k) => Math.sin(k * 7) * (1 + (k % 5)));
  const packed = packInt4(W, problem(1, 64), 32);
  unpackInt4(packed, problem(1, 64), 32).forEach((w, k) => {
    expect(Math.abs(w - W[k])).toBeLessThanOrEqual(Math.abs(packed.scales[Math.floor(k / 32)]));
  });
});
