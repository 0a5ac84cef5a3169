import { expect, test } from 'vitest';
import {
  correlationOf,
  meanVariance,
  noiseOfDifferences,
  sharedCorrelation,
  UNKNOWN,
  varianceEfficiency,
} from './autocorrelation.ts';
import { type Random, seededRandom } from './random.ts';

const UNWEIGHTED = { correlation: 0, weight: 0 };

function autoregressive({ gaussian }: Random, phi: number, length: number): number[] {
  let value = gaussian();
  return Array.from({ length }, () => {
    const now = value;
    value = phi * value + Math.sqrt(1 - phi ** 2) * gaussian();
    return now;
  });
}

// Σᵢⱼ ρ^|i − j| / n², added up term by term.
test.each([
  [1, 0.5, 1],
  [2, 0.5, 0.75],
  [3, 0.5, 11 / 18],
  [10, 0.8, 0.54294967296],
  [8, 0, 1 / 8],
])('the mean of %d values of correlation %d varies by so much of one', (n, correlation, share) => {
  expect(meanVariance(n, correlation)).toBeCloseTo(share, 12);
});

test('of correlated values (1 − ρ²)/(1 + ρ²) tell the variance', () => {
  expect(varianceEfficiency(0)).toBe(1);
  expect(varianceEfficiency(0.5)).toBeCloseTo(0.6, 12);
});

// Products 1·1 − 1·1 + 1·1 + … of 1, 1, −1, −1, 1, 1, −1, −1: 4 − 3 = 1, squares 8, so (8 · 1/8 + 1) / (8 − 3) = 0.4.
test("the correlation around one level is freed of the bias of that level's mean, and drawn to what was held before", () => {
  const residuals = [1, 1, -1, -1, 1, 1, -1, -1];
  expect(correlationOf(residuals, 1, UNWEIGHTED)).toBeCloseTo(0.4, 12);
  expect(correlationOf(residuals, 1, { correlation: 0.8, weight: 8 })).toBeCloseTo(0.6, 12);
});

test('no values, a constant and an alternating series have a correlation that can be used', () => {
  expect(correlationOf([0, 0, 0], 1, UNWEIGHTED)).toBeLessThanOrEqual(0.9);
  expect(correlationOf([1, -1, 1, -1, 1, -1, 1, -1], 1, UNWEIGHTED)).toBe(0);
  expect(noiseOfDifferences([3, 3, 3, 3, 3, 3], UNWEIGHTED)).toEqual({ variance: 0, correlation: 0 });
});

test.each([0, 0.5, 0.8])('differences tell variance 1 and correlation %d, with a step and without', (phi) => {
  const series = autoregressive(seededRandom(4), phi, 20_000);
  for (const height of [0, 20]) {
    const found = noiseOfDifferences(
      series.map((value, i) => value + (i < 9000 ? 0 : height)),
      UNWEIGHTED,
    );
    expect(Math.abs(found.correlation - phi)).toBeLessThan(0.03);
    expect(Math.abs(found.variance - 1)).toBeLessThan(0.15);
  }
});

test('many short series tell the correlation they share, few do not', () => {
  const random = seededRandom(5);
  const histories = Array.from({ length: 300 }, () => autoregressive(random, 0.5, 40));
  expect(Math.abs(sharedCorrelation(histories).correlation - 0.5)).toBeLessThan(0.06);
  expect(sharedCorrelation(histories.slice(0, 5))).toEqual(UNKNOWN);
  expect(sharedCorrelation(histories.map((series) => series.slice(0, 6)))).toEqual(UNKNOWN);
});
