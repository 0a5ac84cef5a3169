import { expect, test } from 'vitest';
import { bestSplit, eDivisive } from './e-divisive.ts';
import { seededRandom } from './random.ts';

const search = (series: readonly number[], maxP = 0.01) =>
  eDivisive(series, { maxP, minSize: 2, uniform: seededRandom(1).uniform });

/** The definition of Q̂ (Matteson & James 2014, equations 5 and 6 with α = 1), term by term. */
function qByDefinition(left: readonly number[], right: readonly number[]): number {
  const [n, m] = [left.length, right.length];
  const meanDistance = (a: readonly number[], b: readonly number[], pairs: number) =>
    a.flatMap((x) => b.map((y) => Math.abs(x - y))).reduce((total, distance) => total + distance, 0) / pairs;
  const within = (side: readonly number[]) => meanDistance(side, side, side.length * (side.length - 1));
  return ((2 * meanDistance(left, right, n * m) - within(left) - within(right)) * n * m) / (n + m);
}

test('a step without noise splits at the step, with Q̂ = 2·height·nm/(n+m)', () => {
  expect(bestSplit(Float64Array.of(0, 0, 1, 1), 2)).toEqual({ at: 2, q: 2 });
  expect(bestSplit(Float64Array.of(5, 5, 5, 8, 8, 8, 8, 8, 8), 2)).toEqual({ at: 3, q: 12 });
});

test('the best split is the one with the largest Q̂ by its definition', () => {
  const random = seededRandom(2);
  for (let trial = 0; trial < 20; trial++) {
    const series = Array.from({ length: 12 }, (_, i) => random.gaussian() + (i > trial % 10 ? 2 : 0));
    const candidates = [2, 3, 4, 5, 6, 7, 8, 9, 10].map((at) => {
      return { at, q: qByDefinition(series.slice(0, at), series.slice(at)) };
    });
    const best = candidates.reduce((a, b) => (b.q > a.q ? b : a));
    const found = bestSplit(Float64Array.from(series), 2);
    expect(found?.at).toBe(best.at);
    expect(found?.q).toBeCloseTo(best.q, 10);
  }
});

test('several levels are found, each where it begins', () => {
  const random = seededRandom(3);
  const levels = [0, 3, 1];
  const series = levels.flatMap((level) => Array.from({ length: 20 }, () => level + 0.3 * random.gaussian()));
  expect(search(series)).toEqual([20, 40]);
});

test('shifting, scaling and mirroring a series moves no change point; turning it round mirrors them', () => {
  const random = seededRandom(4);
  const series = Array.from({ length: 60 }, (_, i) => random.gaussian() + (i >= 25 ? 3 : 0));
  const found = search(series);
  expect(found).toEqual([25]);
  expect(search(series.map((value) => 100 + value))).toEqual(found);
  expect(search(series.map((value) => 8 * value))).toEqual(found);
  expect(search(series.map((value) => -value))).toEqual(found);
  expect(search(series.toReversed())).toEqual([35]);
});

test('a series without a change is split as often as its p allows, no more', () => {
  let split = 0;
  for (let seed = 0; seed < 400; seed++) {
    const random = seededRandom(seed);
    const series = Array.from({ length: 30 }, random.gaussian);
    if (eDivisive(series, { maxP: 0.05, minSize: 3, uniform: random.uniform }).length > 0) split++;
  }
  // Binomial(400, 0.05) lies in 8 … 33 with probability above 0.999.
  expect(split).toBeGreaterThanOrEqual(8);
  expect(split).toBeLessThanOrEqual(33);
});

test('nothing, one value and a constant series have no change point', () => {
  expect(search([])).toEqual([]);
  expect(search([1])).toEqual([]);
  expect(search(new Array(40).fill(1))).toEqual([]);
});
