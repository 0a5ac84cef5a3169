// Noise whose values take after the ones before them: nights of one spell on a busy host are no independent witnesses.
// It is held to fall off as ρ, ρ², ρ³ … over the lags, as in an autoregressive process of order 1.

import { quantile } from './quantile.ts';

/** What ρ is held to be before a series is seen, with the weight of so many values of it. */
export interface CorrelationPrior {
  readonly correlation: number;
  readonly weight: number;
}

/** A short series can't tell its correlation. */
export const UNKNOWN: CorrelationPrior = { correlation: 0.5, weight: 20 };
/** Series of one host share its spells, and many of them tell ρ far better than each does. */
const SHARED_WEIGHT = 200;
/** Fewer series, or shorter ones, do not. */
const MIN_SHARING = 20;
export const MIN_LENGTH = 7;

/** Above it slow noise and a level can't be told apart. */
const MAX_CORRELATION = 0.9;

/**
 * ρ of values around their levels: the correlation of neighbours, freed of the bias that the estimated levels give it
 * (Kendall 1954, Biometrika 41, 403–404: −(1 + 3ρ)/n a level), and drawn towards what was held before.
 */
export function correlationOf(residuals: readonly number[], levels: number, prior: CorrelationPrior): number {
  const n = residuals.length;
  const products = residuals.slice(1).map((value, i) => value * residuals[i]);
  const raw = sum(products) / sum(residuals.map((value) => value ** 2)) || 0;
  const own = Math.max(-1, Math.min(1, (n * raw + levels) / Math.max(1, n - 3 * levels)));
  return shrink(own, n, prior);
}

/**
 * Variance of the mean of n neighbouring values over that of one: 1/n where they are independent, 1 where they are one.
 * Its inverse is their effective number (Bayley & Hammersley 1946).
 */
export function meanVariance(n: number, correlation: number): number {
  let total = 1;
  for (let lag = 1; lag < n; lag++) total += 2 * (1 - lag / n) * correlation ** lag;
  return total / n;
}

/** What n values of such noise tell of its variance is what so many independent ones do (Bartlett 1935). */
export function varianceEfficiency(correlation: number): number {
  return (1 - correlation ** 2) / (1 + correlation ** 2);
}

/** Of squared differences: the largest are steps and bad nights. */
const TRIMMED = 0.25;
/** Mean of z² for a standard normal z without the largest quarter: (0.75 − 2·q·φ(q)) / 0.75, q = Φ⁻¹(0.875). */
const TRIMMED_MEAN_SQUARE = 0.3684;

export interface DifferenceNoise {
  readonly variance: number;
  readonly correlation: number;
}

/**
 * The same out of differences, which hardly know of levels, as a step touches only those across it: as
 * E(x[i+k] − x[i])² = 2σ²(1 − ρᵏ), the ratio for k = 2 and k = 1 is 1 + ρ (Chakar, Lebarbier, Lévy-Leduc & Robin 2017,
 * Bernoulli 23, 1408–1447). Needs no levels, and is half as exact.
 */
export function noiseOfDifferences(series: readonly number[], prior: CorrelationPrior): DifferenceNoise {
  const { first, rawCorrelation } = differences(series);
  const correlation = shrink(rawCorrelation, series.length, prior);
  return { variance: first / TRIMMED_MEAN_SQUARE / (2 * (1 - correlation)), correlation };
}

/** ρ of many series as the median of theirs; where there are too few, that of noise of which nothing is known. */
export function sharedCorrelation(histories: readonly (readonly number[])[]): CorrelationPrior {
  const long = histories.filter(({ length }) => length >= MIN_LENGTH);
  if (long.length < MIN_SHARING) return UNKNOWN;
  return {
    correlation: quantile(
      long.map((series) => differences(series).rawCorrelation),
      0.5,
    ),
    weight: SHARED_WEIGHT,
  };
}

function differences(series: readonly number[]): { first: number; rawCorrelation: number } {
  const [first, second] = [1, 2].map((lag) =>
    trimmedMeanSquare(series.slice(lag).map((value, i) => value - series[i])),
  );
  return { first, rawCorrelation: first > 0 ? Math.min(1, second / first - 1) : 0 };
}

function trimmedMeanSquare(values: readonly number[]): number {
  const squares = values.map((value) => value ** 2).sort((a, b) => a - b);
  const kept = squares.slice(0, Math.ceil(squares.length * (1 - TRIMMED)));
  return sum(kept) / kept.length;
}

function shrink(own: number, values: number, { correlation, weight }: CorrelationPrior): number {
  const shrunk = (values * own + weight * correlation) / (values + weight);
  return Math.max(0, Math.min(MAX_CORRELATION, shrunk));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
