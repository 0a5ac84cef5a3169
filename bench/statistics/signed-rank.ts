// Wilcoxon's signed-rank test (Wilcoxon 1945, Biometrics Bulletin 1(6)) and the estimate and interval that belong to it.
// The null distribution is exact whatever the ties, because it is that of the very midranks at hand: each keeps its
// size and gets its sign by a fair coin. Zeros take part in the ranking and are then left out (Pratt 1959, JASA 54),
// so that adding a difference of zero never makes the evidence stronger.
import type { Interval } from './interval.ts';
import { quantileSorted } from './quantile.ts';

/** What the values are suspected to be: above zero, below it, or either. */
export type Alternative = 'greater' | 'less' | 'two-sided';

export interface SignedRankTest {
  /** Values other than zero. */
  readonly n: number;
  /** Sum of the positive values' ranks, W⁺. */
  readonly statistic: number;
  /** 1 where every value is zero, or none is there. */
  readonly p: number;
}

/** Time grows with n³: some 10 ms at n = 200, a second at n = 1000. */
export function signedRankTest(values: readonly number[], alternative: Alternative): SignedRankTest {
  // Doubled, midranks are whole numbers.
  const doubled = doubledMidranks(values.map(Math.abs));
  const signed = values.flatMap((value, i) => (value === 0 ? [] : [{ isPositive: value > 0, rank: doubled[i] }]));
  const statistic = sum(signed.filter((entry) => entry.isPositive).map((entry) => entry.rank));
  const distribution = sumDistribution(signed.map((entry) => entry.rank));
  const atMost = sum(distribution.subarray(0, statistic + 1));
  const atLeast = sum(distribution.subarray(statistic));
  const p = { less: atMost, greater: atLeast, 'two-sided': 2 * Math.min(atMost, atLeast) }[alternative];
  return { n: signed.length, statistic: statistic / 2, p: Math.min(1, p) };
}

/** The smallest p that n values can reach: all on one side. */
export function smallestSignedRankP(n: number, alternative: Alternative): number {
  return alternative === 'two-sided' ? Math.min(1, 2 ** (1 - n)) : 2 ** -n;
}

export interface PseudoMedian {
  readonly estimate: number;
  /** Undefined where n values can't reach the confidence: below six for 95 %. */
  readonly interval: Interval | undefined;
}

/**
 * Hodges–Lehmann estimate of the centre, the median of all Walsh averages (vᵢ + vⱼ) / 2 with i ≤ j, and the interval of
 * those centres that the two-sided test would not reject (Tukey 1949; Hollander & Wolfe 1999, §3.2 and §3.3). Its
 * coverage is at least `confidence`. Values must not be empty.
 */
export function pseudoMedian(values: readonly number[], confidence = 0.95): PseudoMedian {
  const averages = walshAverages(values);
  const estimate = quantileSorted(averages, 0.5);
  const outside = rejectedAverages(values.length, (1 - confidence) / 2);
  if (outside === 0) return { estimate, interval: undefined };
  return { estimate, interval: { low: averages[outside - 1], high: averages[averages.length - outside] } };
}

/** Walsh averages from either end up to and with the interval's bound: the largest k with P(W ≤ k − 1) ≤ tail. */
function rejectedAverages(n: number, tail: number): number {
  const distribution = sumDistribution(Array.from({ length: n }, (_, i) => i + 1));
  let below = 0;
  for (let k = 0; k < distribution.length; k++) {
    below += distribution[k];
    if (below > tail) return k;
  }
  return 0;
}

function walshAverages(values: readonly number[]): Float64Array {
  const averages = new Float64Array((values.length * (values.length + 1)) / 2);
  let next = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = i; j < values.length; j++) averages[next++] = (values[i] + values[j]) / 2;
  }
  return averages.sort();
}

/** Twice each value's rank, from 2; equal values share the mean of theirs. */
function doubledMidranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    for (let i = first; i < end; i++) ranks[order[i]] = first + 1 + end;
    first = end;
  }
  return ranks;
}

/** P(sum = s) for s from 0, where each rank is added or not by a fair coin. */
function sumDistribution(ranks: readonly number[]): Float64Array {
  const distribution = new Float64Array(sum(ranks) + 1);
  distribution[0] = 1;
  let most = 0;
  for (const rank of ranks) {
    most += rank;
    for (let s = most; s >= rank; s--) distribution[s] = (distribution[s] + distribution[s - rank]) / 2;
    for (let s = rank - 1; s >= 0; s--) distribution[s] /= 2;
  }
  return distribution;
}

function sum(values: readonly number[] | Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
