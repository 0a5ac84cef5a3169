import { expect, test } from 'vitest';
import { pairedRatio, summarize } from './figures.ts';

const samples = (...rounds: number[][]) => ({ rounds, dropped: 0 });

test('the speed-up is the median of the rounds’ own ratios, so that a slow spell of both sides cancels out', () => {
  const candidate = samples([10], [10], [1000], [10], [10], [10]);
  const baseline = samples([20], [20], [2000], [20], [20], [20]);
  const ratio = pairedRatio({ candidate, baseline });
  expect(ratio.speedup).toBeCloseTo(2);
  expect(ratio.ci95?.low).toBeCloseTo(2);
  expect(ratio.ci95?.high).toBeCloseTo(2);
});

test('of six rounds the interval reaches from the least ratio to the greatest', () => {
  const candidate = samples([1], [1], [1], [1], [1], [1]);
  const baseline = samples([3], [5], [2], [4], [7], [6]);
  const { speedup, ci95 } = pairedRatio({ candidate, baseline });
  // The median of logarithms: √(4 · 5).
  expect(speedup).toBeCloseTo(Math.sqrt(20));
  expect(ci95?.low).toBeCloseTo(2);
  expect(ci95?.high).toBeCloseTo(7);
});

test('five rounds have a speed-up and no interval', () => {
  const five = samples([1], [1], [1], [1], [1]);
  expect(pairedRatio({ candidate: five, baseline: five })).toEqual({ speedup: 1, ci95: undefined });
});

test('a round is held against its own at the 20th percentile of each', () => {
  // Of 10 … 60 the 20th percentile is 20; of 40 … 90 it is 50.
  const round = [10, 20, 30, 40, 50, 60];
  const slower = round.map((ns) => ns + 30);
  expect(pairedRatio({ candidate: samples(round), baseline: samples(slower) }).speedup).toBeCloseTo(2.5);
});

test('rounds that lack a side are left out', () => {
  const ratio = pairedRatio({ candidate: samples([10], [], [10]), baseline: samples([30], [90], [30]) });
  expect(ratio.speedup).toBeCloseTo(3);
});

test('figures of a case come from all its samples', () => {
  const summary = summarize(samples([5, 1], [2, 3], [4], [], [6]), 1);
  expect(summary).toMatchObject({ rounds: 4, samples: 6, minNs: 1, medianNs: 3.5, p20Ns: 2 });
  // Nineteen twentieths of the way from the first of six to the last: a quarter below the last.
  expect(summary.p95Ns).toBeCloseTo(5.75);
  expect(summary.ci95).toBeUndefined();
});

test('the interval of p20 holds it, and is wider where rounds differ more', () => {
  const steady = summarize(samples(...Array.from({ length: 8 }, (_, i) => [100, 101 + (i % 2), 103])), 1);
  const restless = summarize(samples(...Array.from({ length: 8 }, (_, i) => [100 + 10 * i, 101 + 10 * i])), 1);
  for (const { p20Ns, ci95 } of [steady, restless]) {
    expect(ci95?.low).toBeLessThan(p20Ns);
    expect(ci95?.high).toBeGreaterThan(p20Ns);
  }
  const width = ({ ci95 }: typeof steady) => (ci95?.high ?? 0) - (ci95?.low ?? 0);
  expect(width(restless)).toBeGreaterThan(5 * width(steady));
});

test('of nine rounds the interval goes from the second ratio to the second last', () => {
  const candidate = samples(...Array.from({ length: 9 }, () => [10]));
  const baseline = samples([50], [10], [90], [20], [80], [30], [70], [40], [60]);
  expect(pairedRatio({ candidate, baseline })).toEqual({
    speedup: expect.closeTo(5),
    ci95: { low: expect.closeTo(2), high: expect.closeTo(8) },
  });
});

test('the interval of a side lies around its p20, by as many times up as down, and away from its median', () => {
  const rounds = Array.from({ length: 8 }, (_, r) => [10 + r, 100, 101, 90]);
  const { p20Ns, medianNs, ci95 } = summarize(samples(...rounds), 1);
  const { low, high } = ci95 ?? { low: 0, high: 0 };
  expect(Math.sqrt(low * high)).toBeCloseTo(p20Ns, 8);
  expect(high).toBeLessThan(medianNs);
});
