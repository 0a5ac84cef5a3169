import { describe, expect, test } from 'vitest';
import { seededRandom } from './random.ts';
import { pseudoMedian, signedRankTest, smallestSignedRankP } from './signed-rank.ts';

// Hamilton depression scale before − after a tranquilliser: Hollander & Wolfe (1973), p. 29, and R's ?wilcox.test.
const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
const depression = before.map((value, i) => value - after[i]);

// Heights of cross- minus self-fertilised maize plants (Darwin 1876); the p are those of scipy.stats.wilcoxon's manual.
const maize = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75];

/** Values of ranks 1 … n of which those that make up the wanted sum are positive. */
function withStatistic(n: number, wanted: number): number[] {
  let left = wanted;
  return Array.from({ length: n }, (_, i) => n - i).map((rank) => {
    if (rank > left) return -rank;
    left -= rank;
    return rank;
  });
}

describe('published results come out', () => {
  test('depression: V = 40, one-sided p = 0.01953 (R)', () => {
    const { n, statistic, p } = signedRankTest(depression, 'greater');
    expect({ n, statistic }).toEqual({ n: 9, statistic: 40 });
    expect(p).toBeCloseTo(10 / 512, 12);
  });

  test('maize: W = 96, p = 0.0206298828125 one-sided and 0.041259765625 two-sided (SciPy)', () => {
    expect(signedRankTest(maize, 'greater')).toEqual({ n: 15, statistic: 96, p: 0.0206298828125 });
    expect(signedRankTest(maize, 'two-sided').p).toBe(0.041259765625);
  });

  // McCornack (1965), JASA 60, table 1: the largest T with P(W ≤ T) ≤ 0.05, 0.025, 0.01, 0.005 one-sided.
  test.each([
    [8, [5, 3, 1, 0]],
    [10, [10, 8, 5, 3]],
    [12, [17, 13, 9, 7]],
    [15, [30, 25, 19, 15]],
    [20, [60, 52, 43, 37]],
    [25, [100, 89, 76, 68]],
    [30, [151, 137, 120, 109]],
    [50, [466, 434, 397, 373]],
  ])('critical values for n = %d', (n, criticals) => {
    const levels = [0.05, 0.025, 0.01, 0.005];
    criticals.forEach((critical, i) => {
      expect(signedRankTest(withStatistic(n, critical), 'less').p).toBeLessThanOrEqual(levels[i]);
      expect(signedRankTest(withStatistic(n, critical + 1), 'less').p).toBeGreaterThan(levels[i]);
    });
  });

  test('depression: pseudo-median 0.46 within 0.010 … 0.786 (Hollander & Wolfe 1999, examples 3.3 and 3.4)', () => {
    const { estimate, interval } = pseudoMedian(depression);
    expect(estimate).toBeCloseTo(0.46, 3);
    expect(interval?.low).toBeCloseTo(0.01, 3);
    expect(interval?.high).toBeCloseTo(0.786, 3);
  });
});

/** p by counting every assignment of signs, ranks by their definition. */
function enumerated(values: readonly number[]): { less: number; greater: number } {
  const sizes = values.map(Math.abs);
  const rank = (size: number) =>
    sizes.filter((other) => other < size).length + (sizes.filter((other) => other === size).length + 1) / 2;
  const ranks = sizes.filter((size) => size !== 0).map(rank);
  const observed = values.filter((value) => value > 0).reduce((total, value) => total + rank(value), 0);
  const totals = ranks.reduce((all, next) => all.flatMap((total) => [total, total + next]), [0]);
  const share = (test: (total: number) => boolean) => totals.filter(test).length / totals.length;
  return { less: share((total) => total <= observed), greater: share((total) => total >= observed) };
}

test('with ties and zeros p is exact: the share of all sign assignments at least as extreme', () => {
  const random = seededRandom(5);
  for (let trial = 0; trial < 60; trial++) {
    const values = Array.from({ length: 1 + (trial % 11) }, () => Math.round(4 * random.gaussian()));
    const { less, greater } = enumerated(values);
    expect(signedRankTest(values, 'less').p).toBeCloseTo(less, 12);
    expect(signedRankTest(values, 'greater').p).toBeCloseTo(greater, 12);
    expect(signedRankTest(values, 'two-sided').p).toBeCloseTo(Math.min(1, 2 * Math.min(less, greater)), 12);
  }
});

test('turning every sign round swaps the sides', () => {
  const flipped = maize.map((value) => -value);
  expect(signedRankTest(flipped, 'less').p).toBe(signedRankTest(maize, 'greater').p);
  expect(signedRankTest(flipped, 'two-sided').p).toBe(signedRankTest(maize, 'two-sided').p);
});

test('the smallest p there is, is that of values all on one side', () => {
  const all = [3, 1, 4, 1, 5, 9, 2];
  expect(signedRankTest(all, 'greater').p).toBe(smallestSignedRankP(7, 'greater'));
  expect(signedRankTest(all, 'two-sided').p).toBe(smallestSignedRankP(7, 'two-sided'));
  expect(smallestSignedRankP(0, 'two-sided')).toBe(1);
});

test('nothing but zeros, or nothing at all, is no evidence', () => {
  expect(signedRankTest([0, 0, 0], 'greater')).toEqual({ n: 0, statistic: 0, p: 1 });
  expect(signedRankTest([], 'two-sided').p).toBe(1);
});

test('a large sample neither overflows nor rounds p to 0', () => {
  const { p } = signedRankTest(
    Array.from({ length: 300 }, (_, i) => i + 1),
    'greater',
  );
  expect(p).toBe(2 ** -300);
});

test('the interval holds just the centres that the test does not reject', () => {
  const { interval } = pseudoMedian(maize);
  const pAround = (centre: number) =>
    signedRankTest(
      maize.map((value) => value - centre),
      'two-sided',
    ).p;
  expect(pAround((interval?.low ?? 0) + 1e-6)).toBeGreaterThan(0.05);
  expect(pAround((interval?.low ?? 0) - 1e-6)).toBeLessThanOrEqual(0.05);
  expect(pAround((interval?.high ?? 0) - 1e-6)).toBeGreaterThan(0.05);
  expect(pAround((interval?.high ?? 0) + 1e-6)).toBeLessThanOrEqual(0.05);
});

test('five values give an estimate and no 95 % interval, six give one', () => {
  expect(pseudoMedian([1, 2, 3, 4, 5])).toEqual({ estimate: 3, interval: undefined });
  expect(pseudoMedian([1, 2, 3, 4, 5, 6]).interval).toEqual({ low: 1, high: 6 });
});
