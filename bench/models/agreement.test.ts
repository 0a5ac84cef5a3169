import { expect, test } from 'vitest';
import { agreementOf } from './agreement.ts';

const logits = (...rows: number[][]) => Float64Array.from(rows.flat().map(Math.log));

test('the divergence is that of its definition, whatever is added to all logits', () => {
  const expected = 0.5 * Math.log(0.5 / 0.25) + 0.25 * Math.log(0.25 / 0.5);
  const [p, q] = [logits([0.5, 0.25, 0.25]), logits([0.25, 0.5, 0.25])];
  const shifted = q.map((logit) => logit + 100);
  for (const other of [q, shifted]) expect(agreementOf(p, other, 3).kldMean).toBeCloseTo(expected, 12);
});

test('positions are counted one by one', () => {
  const p = logits([0.5, 0.5 - 1e-9], [0.9, 0.1], [0.2, 0.8]);
  const q = logits([0.5, 0.5 - 1e-9], [0.1, 0.9], [0.3, 0.7]);
  const { tokens, sameTop, kldMean, kldMedian, kldMax } = agreementOf(p, q, 2);
  expect([tokens, sameTop]).toEqual([3, 2 / 3]);
  const [second, third] = [0.8 * Math.log(9), 0.2 * Math.log(2 / 3) + 0.8 * Math.log(8 / 7)];
  expect(kldMax).toBeCloseTo(second, 12);
  expect(kldMedian).toBeCloseTo(third, 12);
  expect(kldMean).toBeCloseTo((second + third) / 3, 12);
});
