// What the histories of many cases tell of the noise of each: how far a night takes after the one before it, which is the
// host's doing and much the same for all, and what nights scatter by, which is much the same for cases alike.
import { MIN_LENGTH, sharedCorrelation, UNKNOWN } from './autocorrelation.ts';
import { type NoisePrior, noiseOf } from './change-points.ts';
import { fitVariancePrior, type Variance } from './moderated-variance.ts';

export interface History {
  readonly values: readonly number[];
  /** Names of the groups it belongs to, the narrowest first (see GroupedVariance). */
  readonly groups: readonly string[];
}

const NOTHING_KNOWN: Variance = { variance: 0, degrees: 0 };

/** Of a history by its groups. Where there are too few, or too short ones, each must tell by itself. */
export function sharedNoise(histories: readonly History[]): (groups: readonly string[]) => NoisePrior {
  const correlation = sharedCorrelation(histories.map(({ values }) => values));
  if (correlation === UNKNOWN) return () => ({ correlation });
  const long = histories.filter(({ values }) => values.length >= MIN_LENGTH);
  const observed = long.map(({ values, groups }) => ({ ...noiseOf(values, correlation), groups }));
  const varianceOf = fitVariancePrior(observed, NOTHING_KNOWN);
  return (groups) => ({ correlation, variance: varianceOf(groups) });
}
