// What samples come to: the location and spread of one side, and how many times faster it is than the other.
import type { Pair, Ratio, Samples, Summary } from '../contract/case-result.ts';
import { clusteredInterval } from '../statistics/clustered-interval.ts';
import { medianInterval } from '../statistics/median-interval.ts';
import { quantile, quantileSorted } from '../statistics/quantile.ts';
import { seededRandom } from '../statistics/random.ts';
import { LOCATION, roundLogRatios } from '../statistics/round-ratios.ts';

/** At least one round must hold samples. */
export function summarize({ rounds }: Samples, seed: number): Summary {
  const filled = rounds.filter((round) => round.length > 0);
  const sorted = Float64Array.from(filled.flat()).sort();
  return {
    rounds: filled.length,
    samples: sorted.length,
    medianNs: quantileSorted(sorted, 0.5),
    p20Ns: quantileSorted(sorted, LOCATION),
    p95Ns: quantileSorted(sorted, 0.95),
    minNs: sorted[0],
    ci95: clusteredInterval(filled, (drawn) => quantile(drawn.flat(), LOCATION), seededRandom(seed).uniform),
  };
}

/** baseline time / candidate time, the median over rounds. */
export function pairedRatio({ candidate, baseline }: Pair): Ratio {
  const logs = roundLogRatios(candidate.rounds, baseline.rounds);
  const interval = medianInterval(logs);
  return {
    speedup: Math.exp(quantile(logs, 0.5)),
    ci95: interval && { low: Math.exp(interval.low), high: Math.exp(interval.high) },
  };
}
