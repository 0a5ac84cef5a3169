import { expect, test } from 'vitest';
import { matchedDifferenceInterval } from './matched-proportions.ts';
import { seededRandom } from './random.ts';

test('is the plain interval of the differences where they are many', () => {
  const { low, high } = matchedDifferenceInterval(60_000, 40_000, 1_000_000);
  const deviation = Math.sqrt((0.1 - 0.02 ** 2) / 1_000_000);
  expect(low).toBeCloseTo(0.02 - 1.96 * deviation, 5);
  expect(high).toBeCloseTo(0.02 + 1.96 * deviation, 5);
});

test('is even about none, and never of no width', () => {
  const { low, high } = matchedDifferenceInterval(0, 0, 100);
  expect(high).toBeGreaterThan(0.01);
  expect(low).toBe(-high);
});

test('gains and losses change places with the sign', () => {
  const { low, high } = matchedDifferenceInterval(3, 11, 200);
  expect(matchedDifferenceInterval(11, 3, 200)).toEqual({ low: -high, high: -low });
});

test.each([
  ['few differ', 0.01, 0.01],
  ['more are lost', 0.01, 0.05],
  ['hardly any differs', 0.002, 0.0005],
])('holds the true difference in 95 of 100 draws of 500 items: %s', (_, gain, loss) => {
  const random = seededRandom(1);
  const draws = 2000;
  let held = 0;
  for (let draw = 0; draw < draws; draw++) {
    let [gained, lost] = [0, 0];
    for (let i = 0; i < 500; i++) {
      const u = random.uniform();
      if (u < gain) gained++;
      else if (u < gain + loss) lost++;
    }
    const { low, high } = matchedDifferenceInterval(gained, lost, 500);
    if (low <= gain - loss && gain - loss <= high) held++;
  }
  // Three standard errors of 2000 draws below 0.95.
  expect(held / draws).toBeGreaterThan(0.95 - 3 * Math.sqrt((0.95 * 0.05) / draws));
});
