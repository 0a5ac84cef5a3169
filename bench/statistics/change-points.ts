// Change points of a noisy history: the best split into levels proposes them; then the weakest is taken out again and
// again until a test between the levels on its two sides confirms every one that is left, and each is large enough to
// matter (the scheme of Hunter, Fleming et al. 2023, ICPE, https://doi.org/10.1145/3578244.3583719, with an exact search
// in the place of E-divisive and a test that allows for correlated noise).

import {
  type CorrelationPrior,
  correlationOf,
  meanVariance,
  noiseOfDifferences,
  UNKNOWN,
  varianceEfficiency,
} from './autocorrelation.ts';
import { binomialTail } from './binomial.ts';
import { moderate, type Variance } from './moderated-variance.ts';
import { splitIntoLevels } from './segmentation.ts';
import { studentP, studentQuantile } from './student.ts';

export interface ChangePoint {
  /** The first value of the new level. */
  readonly index: number;
  /** Means of the levels up to the neighbouring change points. */
  readonly before: number;
  readonly after: number;
  /** Of the test between them. */
  readonly p: number;
}

/** What is held of the noise before the series is seen. */
export interface NoisePrior {
  /** How far values take after the ones before them. */
  readonly correlation: CorrelationPrior;
  /** What they scatter by around their level; missing where nothing is known. */
  readonly variance?: Variance;
}

const UNKNOWN_NOISE: NoisePrior = { correlation: UNKNOWN };

export interface ChangePointOptions {
  /** Least difference between the means of neighbouring levels. */
  readonly minMagnitude: number;
  /** Of the test that confirms. */
  readonly maxP: number;
  /** Where series like it tell. */
  readonly noise?: NoisePrior;
}

/** One bad night is no level, and two may be one spell of them. */
const MIN_LEVEL = 3;

export function findChangePoints(series: readonly number[], options: ChangePointOptions): ChangePoint[] {
  if (series.length < 2 * MIN_LEVEL) return [];
  return confirm(series, propose(series, options.noise ?? UNKNOWN_NOISE), options);
}

/** Chance that the least step said to be shown is not; to one side, so half of studentQuantile's p. */
const MISSED = 0.1;

export interface Nights {
  /** At the level the series is at; missing where all of it so far are meant. */
  readonly before?: number;
  /** At the new level. */
  readonly further: number;
}

/**
 * The least step, either way, that so many values would show nine times in ten, of noise as the series has; infinite where
 * so few prove nothing.
 */
export function leastStep(series: readonly number[], nights: Nights, options: ChangePointOptions): number {
  const { maxP, minMagnitude, noise = UNKNOWN_NOISE } = options;
  const indices = findChangePoints(series, options).map(({ index }) => index);
  const { variance, degrees, correlation } = noiseAround(series, indices, noise);
  const { before = series.length - (indices.at(-1) ?? 0), further } = nights;
  if (before < MIN_LEVEL || further < MIN_LEVEL || spellOf(further, { before, further }, 0) > maxP)
    return Number.POSITIVE_INFINITY;
  if (variance === 0) return minMagnitude;
  const share = meanVariance(before, correlation) + meanVariance(further, correlation);
  const needed = studentQuantile(maxP / SEARCHED, degrees) + studentQuantile(2 * MISSED, degrees);
  let step = needed * Math.sqrt(variance * share);
  while (isTakenForSpell(step / 2 / Math.sqrt(variance), { before, further }, maxP)) step *= STEP_GROWTH;
  return Math.max(minMagnitude, step);
}

const STEP_GROWTH = 1.05;

/** Whether too often too few of the new values lie beyond the middle, which is so many deviations from either mean. */
function isTakenForSpell(half: number, nights: Required<Nights>, maxP: number): boolean {
  const isBeyond = normalTail(-half);
  const fewest = Array.from({ length: nights.further + 1 }, (_, count) => count).find(
    (count) => spellOf(count, nights, normalTail(half)) <= maxP,
  );
  return fewest === undefined || binomialTail(fewest, nights.further, isBeyond) < 1 - MISSED;
}

/** spellP of so many new values beyond the middle, where so large a share of the old ones is. */
function spellOf(count: number, { before, further }: Required<Nights>, share: number): number {
  return binomialTail(count, further, usualShare(share * before, before));
}

function normalTail(deviations: number): number {
  const half = studentP(deviations, 1e9) / 2;
  return deviations > 0 ? half : 1 - half;
}

/** The test is for one place, but the best of all was searched: so often is its p counted. Chosen, not derived. */
const SEARCHED = 5;

/** A further level must save this many times log n of the noise's variance; the test asks for more (as BIC does). */
const PENALTY = 2;

/** What differences tell of a variance is what so many independent values do, a value of the series. */
const DIFFERENCE_DEGREES = 0.3;

function propose(series: readonly number[], prior: NoisePrior): number[] {
  const { variance: own, correlation } = noiseOfDifferences(series, prior.correlation);
  const { variance } = steadied({ variance: own, degrees: DIFFERENCE_DEGREES * series.length }, prior);
  const longRun = (variance * (1 + correlation)) / (1 - correlation);
  return splitIntoLevels(series, PENALTY * Math.log(series.length) * longRun, MIN_LEVEL);
}

function steadied(own: Variance, { variance: prior }: NoisePrior): Variance {
  return prior === undefined ? own : moderate(own, prior);
}

interface Noise extends Variance {
  readonly correlation: number;
}

/** Of a series by itself, around the levels that it seems to have. */
export function noiseOf(series: readonly number[], correlation: CorrelationPrior): Noise {
  return noiseAround(series, propose(series, { correlation }), { correlation });
}

/** What is left once each value's level is taken off. */
function noiseAround(series: readonly number[], indices: readonly number[], prior: NoisePrior): Noise {
  const levels = levelsOf(series, indices);
  const residuals = levels.flatMap((level) => {
    const centre = mean(level);
    return level.map((value) => value - centre);
  });
  const correlation = correlationOf(residuals, levels.length, prior.correlation);
  // A level's own mean hides a share of what its values vary by.
  const free = levels.reduce((total, { length }) => total + length * (1 - meanVariance(length, correlation)), 0);
  const squares = residuals.reduce((total, residual) => total + residual ** 2, 0);
  const own = { variance: squares / free, degrees: Math.max(1, free * varianceEfficiency(correlation)) };
  return { ...steadied(own, prior), correlation };
}

function levelsOf(series: readonly number[], indices: readonly number[]): number[][] {
  const bounds = [0, ...indices, series.length];
  return bounds.slice(1).map((end, i) => series.slice(bounds[i], end));
}

function confirm(series: readonly number[], indices: readonly number[], options: ChangePointOptions): ChangePoint[] {
  let kept = indices;
  for (;;) {
    const points = describe(series, kept, options);
    const weakest = weakestOf(points, options);
    if (weakest === undefined) return points;
    kept = kept.filter((index) => index !== weakest.index);
  }
}

function describe(
  series: readonly number[],
  indices: readonly number[],
  { noise = UNKNOWN_NOISE }: ChangePointOptions,
): ChangePoint[] {
  const { variance, degrees, correlation } = noiseAround(series, indices, noise);
  const levels = levelsOf(series, indices);
  return indices.map((index, i) => {
    const [before, after] = [levels[i], levels[i + 1]];
    const difference = mean(after) - mean(before);
    const share = meanVariance(before.length, correlation) + meanVariance(after.length, correlation);
    const p = difference === 0 ? 1 : SEARCHED * studentP(difference / Math.sqrt(variance * share), degrees);
    return { index, before: mean(before), after: mean(after), p: Math.min(1, Math.max(p, spellP(before, after))) };
  });
}

/**
 * P that the new level is a spell of values as the old one had, each by itself: so many of them lie beyond the middle
 * between the two means, and of the old one's so few (Laplace's rule of succession).
 */
function spellP(before: readonly number[], after: readonly number[]): number {
  const middle = (mean(before) + mean(after)) / 2;
  const isBeyond = (value: number) => value > middle === mean(after) > mean(before);
  const usual = usualShare(before.filter(isBeyond).length, before.length);
  return binomialTail(after.filter(isBeyond).length, after.length, usual);
}

function usualShare(count: number, values: number): number {
  return (count + 1) / (values + 2);
}

/** The one to take out next; undefined where every one holds. */
function weakestOf(
  points: readonly ChangePoint[],
  { maxP, minMagnitude }: ChangePointOptions,
): ChangePoint | undefined {
  const magnitude = ({ before, after }: ChangePoint) => Math.abs(after - before);
  const [leastSure] = points.toSorted((a, b) => b.p - a.p);
  if (leastSure !== undefined && leastSure.p > maxP) return leastSure;
  const [smallest] = points.toSorted((a, b) => magnitude(a) - magnitude(b));
  return smallest !== undefined && magnitude(smallest) < minMagnitude ? smallest : undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
