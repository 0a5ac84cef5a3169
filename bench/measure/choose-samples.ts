// Which samples count: those of a core that worked for this process alone, where there are enough of them; else those
// that were not preempted; else all. A round in which a side has none is left out for all sides, so that they stay paired.
import type { CoreReport, Samples } from '../contract/case-result.ts';
import { MIN_VALUES } from '../statistics/median-interval.ts';
import { quantile } from '../statistics/quantile.ts';
import type { Round, Sample } from './round.ts';

/**
 * From this multiple of its best on, the canary tells of a neighbour. Beside samples on a virtual machine (two cores of
 * a Zen 3) it read up to 1.15 times its best where kernels were fast, and from 1.25 times on where CSR and 2:4 took one
 * and a half times as long (`node bench/canary-histogram.ts`). Over 182 measurements of CSR against dense that parts
 * speed-ups of 5.9 to 6.5 from those of 4.3 to 5.2.
 */
const SHARED_FROM = 1.2;
/** So many readings may lie below what is taken for the best, since a single one may be off. */
const BEST_SHARE = 0.05;
/** Fewer of a turn's samples are a glimpse between two spells of a neighbour. */
const MIN_FREE_SHARE = 0.25;

export interface Choice {
  /** In the order of the sides. */
  readonly sides: readonly Samples[];
  /** Missing without a canary. */
  readonly core?: CoreReport;
  /** Rounds as one wishes them: not preempted and, where a canary tells, on a core of their own. */
  readonly goodRounds: number;
  /** Of all samples, kept or not. */
  readonly preemptedShare: number;
}

/** `knownBestCycles` is the best that the canary showed on this machine before. There must be a round. */
export function chooseSamples(rounds: readonly Round[], knownBestCycles = Number.POSITIVE_INFINITY): Choice {
  const ownBestCycles = bestOf(rounds.flat(2));
  const bestCycles = ownBestCycles && Math.min(knownBestCycles, ownBestCycles);
  const undisturbed = withoutPreempted(rounds);
  const free = filterRounds(undisturbed, (sample) => isFree(sample, bestCycles), MIN_FREE_SHARE);
  const kept = [free, undisturbed].find((some) => some.length >= MIN_VALUES) ?? rounds;
  const isDropping = undisturbed !== rounds && kept !== rounds;
  const state = kept === free ? 'free' : free.length === 0 ? 'shared' : 'mixed';
  return {
    sides: rounds[0].map((_, side) => ({
      rounds: kept.map((round) => round[side].map(({ ns }) => ns)),
      dropped: isDropping ? rounds.flatMap((round) => round[side]).filter(isPreempted).length : 0,
    })),
    core:
      ownBestCycles === undefined
        ? undefined
        : { state, freeRounds: free.length, bestCycles: ownBestCycles, canaryCycles: kept.map(medianCycles) },
    goodRounds: (bestCycles === undefined ? undisturbed : free).length,
    preemptedShare: shareOf(rounds.flat(2), isPreempted),
  };
}

/** Undefined where there was no canary. */
function bestOf(samples: readonly Sample[]): number | undefined {
  const readings = samples.flatMap(({ canaryCycles }) => canaryCycles ?? []);
  return readings.length === 0 ? undefined : quantile(readings, BEST_SHARE);
}

function isFree({ canaryCycles }: Sample, bestCycles: number | undefined): boolean {
  return canaryCycles !== undefined && bestCycles !== undefined && canaryCycles < SHARED_FROM * bestCycles;
}

function isPreempted({ preempted }: Sample): boolean {
  return preempted;
}

/** Where most of a side's samples were preempted, as long ones are, what remained would be a matter of luck: all stay. */
function withoutPreempted(rounds: readonly Round[]): readonly Round[] {
  const isLuck = rounds[0].some(
    (_, side) =>
      shareOf(
        rounds.flatMap((round) => round[side]),
        isPreempted,
      ) > 0.5,
  );
  return isLuck ? rounds : filterRounds(rounds, (sample) => !sample.preempted, 0);
}

/** Rounds of which every side keeps a sample, and at least such a share of them. */
function filterRounds(rounds: readonly Round[], keeps: (sample: Sample) => boolean, minShare: number): Round[] {
  return rounds.flatMap((round) => {
    const kept = round.map((turn) => turn.filter(keeps));
    const isEnough = kept.every((turn, side) => turn.length > 0 && turn.length >= minShare * round[side].length);
    return isEnough ? [kept] : [];
  });
}

function shareOf(samples: readonly Sample[], belongs: (sample: Sample) => boolean): number {
  return samples.filter(belongs).length / samples.length;
}

function medianCycles(round: Round): number {
  return quantile(
    round.flat().flatMap(({ canaryCycles }) => canaryCycles ?? []),
    0.5,
  );
}
