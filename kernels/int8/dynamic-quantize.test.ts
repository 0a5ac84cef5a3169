import { expect, test } from 'vitest';
import { quantizeDynamically } from './dynamic-quantize.ts';

// The operator's own examples, from its page: x, scale, zero point and q.
test.each([
  [[0, 2, -3, -2.5, 1.34, 0.5], 5 / 255, 153, [153, 255, 0, 26, 221, 179]],
  [[-1, -2.1, -1.3, -2.5, -3.34, -4], 4 / 255, 255, [191, 121, 172, 96, 42, 0]],
  [
    [1, 2.1, 1.3, 2.5, 3.34, 4, 1.5, 2.6, 3.9, 4, 3, 2.345],
    4 / 255,
    0,
    [64, 134, 83, 159, 213, 255, 96, 166, 249, 255, 191, 149],
  ],
])('ONNX’s example %j', (values, scale, zeroPoint, q) => {
  const { X } = quantizeDynamically(Float32Array.from(values));
  const steps = [...X].map((x) => Math.round(x / scale) + zeroPoint);
  expect(steps).toEqual(q);
});

test('zeros stay zeros, without slack', () => {
  expect(quantizeDynamically(new Float32Array(3))).toEqual({ X: new Float32Array(3), slack: new Float32Array(3) });
});

test('a tie goes to the even step and has a slack of one step', () => {
  // Steps of 1 from −0 to 255: 0.5 and 1.5 are ties.
  const { X, slack } = quantizeDynamically(Float32Array.of(0, 255, 0.5, 1.5, 2.25));
  expect([...X]).toEqual([0, 255, 0, 2, 2]);
  expect([...slack]).toEqual([0, 0, 1, 1, 0]);
});
