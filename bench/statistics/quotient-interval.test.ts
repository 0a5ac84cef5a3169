import { expect, test } from 'vitest';
import { quotientInterval } from './quotient-interval.ts';
import { seededRandom } from './random.ts';

const exact = (value: number) => ({ value, interval: { low: value, high: value } });

test('what is known exactly leaves the interval of the other', () => {
  const known = { value: 8, interval: { low: 4, high: 10 } };
  expect(quotientInterval(known, exact(2))).toEqual({ low: 2, high: expect.closeTo(5) });
  expect(quotientInterval(exact(8), { value: 2, interval: { low: 1, high: 4 } })).toEqual({
    low: expect.closeTo(2),
    high: expect.closeTo(8),
  });
});

test('it holds the true quotient as often as the intervals hold their own figures', () => {
  const random = seededRandom(1);
  const estimate = (truth: number, sd: number) => {
    const value = truth * Math.exp(sd * random.gaussian());
    const reach = Math.exp(1.96 * sd);
    return { value, interval: { low: value / reach, high: value * reach } };
  };
  const holds = Array.from({ length: 2000 }, () => {
    const { low, high } = quotientInterval(estimate(12, 0.1), estimate(3, 0.04));
    return low <= 4 && high >= 4;
  });
  const share = holds.filter(Boolean).length / holds.length;
  expect(share).toBeGreaterThan(0.935);
  expect(share).toBeLessThan(0.965);
});
