import { expect, test } from 'vitest';
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import { packInt8, quantizeRow, quantizeRows, unpackInt8 } from './pack.ts';

const problem: MatmulProblem = { op: 'matmul', M: 1, N: 2, K: 3, weights: 'synthetic', seed: 0 };
const W = Float32Array.of(127, -63.6, 0, 1, -2, 0.5);

test('each channel has its own scale, its largest magnitude at ±127', () => {
  const packed = packInt8(W, problem, 'channel');
  expect([...packed.values]).toEqual([127, -64, 0, 64, -127, 32]);
  expect(packed.scales[0]).toBe(1);
  expect(packed.scales[1]).toBeCloseTo(2 / 127, 8);
});

test('one scale for the tensor leaves a small channel little', () => {
  const packed = packInt8(W, problem, 'tensor');
  expect([...packed.scales]).toEqual([1]);
  expect([...packed.values]).toEqual([127, -64, 0, 1, -2, 1]);
  expect([...unpackInt8(packed)]).toEqual([127, -64, 0, 1, -2, 1]);
});

test('the one scale is that of the largest weight wherever it stands', () => {
  const packed = packInt8(Float32Array.of(1, -2, 0.5, 0, -254, 3), problem, 'tensor');
  expect([...packed.scales]).toEqual([2]);
  expect([...packed.values]).toEqual([1, -1, 0, 0, -127, 2]);
});

test('no weight moves by more than half a step', () => {
  const packed = packInt8(W, problem, 'channel');
  unpackInt8(packed).forEach((w, i) => {
    expect(Math.abs(w - W[i])).toBeLessThanOrEqual(packed.scales[Math.floor(i / 3)] * 0.5 * (1 + 1e-6));
  });
});

test('activations are rounded by their row’s own scale, and near ties are told', () => {
  const rounded = new Int8Array(3);
  expect(quantizeRow(Float32Array.of(0, 0, 0), 0, 3, rounded)).toBe(0);
  expect([...rounded]).toEqual([0, 0, 0]);
  const { X, slack } = quantizeRows(Float32Array.of(127, 3.5, 3.4), 1, 3);
  expect([...X]).toEqual([127, 4, 3]);
  expect([...slack]).toEqual([0, 1, 0]);
});

test('a channel of zeros stays zeros, by a scale of zero', () => {
  const packed = packInt8(Float32Array.of(0, 0, 0, 1, 0, 0), problem, 'channel');
  expect([...packed.values]).toEqual([0, 0, 0, 127, 0, 0]);
  expect(packed.scales[0]).toBe(0);
  expect([...unpackInt8(packed)].slice(0, 3)).toEqual([0, 0, 0]);
});

test('every row of activations has its own scale, a tie goes up, and so does its slack', () => {
  // Scales 2 and 0.5: ties at −3/2 and 7/2 steps, near ones told on either side of zero.
  const { X, slack } = quantizeRows(Float32Array.of(254, -3, 2, 0, 0, 0, 0.25, -63.5, 1.75), 3, 3);
  expect([...X].map((x) => x + 0)).toEqual([254, -2, 2, 0, 0, 0, 0.5, -63.5, 2]);
  expect([...slack]).toEqual([0, 2, 0, 0, 0, 0, 0.5, 0, 0.5]);
});

test('a value counts as a tie as far as four roundings of f32 reach, and no further', () => {
  // 4 · 127 · 2⁻²⁴ = 3.03e-5 steps.
  const { slack } = quantizeRows(Float32Array.of(127, 1.5 + 2.5e-5, 1.5 - 2.5e-5, 1.5 + 4e-5, 1.5 - 4e-5), 1, 5);
  expect([...slack]).toEqual([0, 1, 1, 0, 0]);
});
