// Times kernels in turn, in short rounds, in one process (a candidate and its dense baseline, or two versions of one kernel):
// whatever disturbs the machine for longer than a round disturbs all, and their ratios stay.

import { Bench } from 'tinybench';
import type { Budget } from '../contract/budget.ts';
import type { Pair, Ratio, Samples, Summary } from '../contract/case-result.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import { quantile } from '../statistics/quantile.ts';
import { seededRandom, shuffled } from '../statistics/random.ts';
import { LOCATION, roundLogRatios } from '../statistics/round-ratios.ts';

/** One side of a comparison; `run` is finished when it returns or its promise resolves. */
export interface Timed {
  run(): void | Promise<void>;
}

/** A side that is warm: what its calls cost decides how rounds are filled. */
interface Warm extends Timed {
  readonly callMs: number;
  readonly isAsync: boolean;
  /** Calls timed together as one sample. */
  readonly batch: number;
}

/** Shorter calls are batched, so that the clock's cost (about 0.1 µs) stays under 1 %. */
const MIN_SAMPLE_NS = 20_000;
/** And so that its resolution does: 5 µs in a browser. */
const MIN_SAMPLE_STEPS = 100;
/** More samples of one round tell nothing new and make the bootstrap slow. */
const MAX_ROUND_SAMPLES = 100;
/** Below five rounds no bootstrap interval exists. */
const MIN_ROUNDS = 5;
/** With calls longer than this a round is one call, and MIN_ROUNDS is given up for SLOW_ROUNDS. */
const SLOW_CALL_MS = 1500;
const SLOW_ROUNDS = 3;

/** Calls whose median says what a call costs: a single one may have been preempted. */
const RECENT_CALLS = 5;
/** A faster call is below what the clock tells apart. */
const MIN_CALL_MS = 1e-4;

interface Sample {
  readonly ns: number;
  readonly preempted: boolean;
}

export interface MeasureOptions {
  readonly budget: Budget;
  readonly seed: number;
  /** Smallest step of `performance.now`. */
  readonly timerResolutionNs: number;
  /**
   * How often this process was preempted so far; missing where that can't be told, or where this thread doesn't do the
   * work itself.
   */
  readonly preemptions?: () => number;
}

export async function measurePair(candidate: Timed, baseline: Timed, options: MeasureOptions): Promise<Pair> {
  const [ours, theirs] = await measureInTurn([candidate, baseline], options);
  return { candidate: ours, baseline: theirs };
}

/** Samples of each side, in the order given; the order within a round is drawn anew every round. */
export async function measureInTurn(timed: readonly Timed[], options: MeasureOptions): Promise<Samples[]> {
  const { budget, seed, preemptions = () => 0 } = options;
  const warm: Warm[] = [];
  for (const side of timed) warm.push(await warmUp(side, budget.warmupMs));
  const rounds = roundCount(
    budget,
    warm.reduce((sum, side) => sum + side.callMs, 0),
  );
  const roundMs = budget.measureMs / rounds / warm.length;
  const sampleMs = Math.max(MIN_SAMPLE_NS, MIN_SAMPLE_STEPS * options.timerResolutionNs) / 1e6;
  const sides = warm.map((side) => ({ ...side, batch: batchSize(side.callMs, roundMs, sampleMs) }));
  const random = seededRandom(seed);
  const samples: Sample[][][] = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const side of shuffled(sides.keys(), random)) {
      samples[side].push(await timeRound(sides[side], roundMs, preemptions));
    }
  }
  const isDropping = samples.every((side) => !isMostlyPreempted(side.flat()));
  return samples.map((side) => keepUndisturbed(side, isDropping));
}

/** Runs for the given time, at least twice unless a call is very slow; the last few calls tell what one costs. */
async function warmUp(side: Timed, warmupMs: number): Promise<Warm> {
  const end = performance.now() + warmupMs;
  const recentMs: number[] = [];
  let isAsync = false;
  for (let calls = 0; calls < 2 || performance.now() < end; calls++) {
    const start = performance.now();
    const pending = side.run();
    isAsync = pending instanceof Promise;
    if (isAsync) await pending;
    recentMs.push(performance.now() - start);
    if (recentMs.length > RECENT_CALLS) recentMs.shift();
    if (recentMs[0] > SLOW_CALL_MS) break;
  }
  const callMs = Math.max(quantile(recentMs, 0.5), MIN_CALL_MS);
  return { run: () => side.run(), callMs, isAsync, batch: 1 };
}

/** Calls timed together, so that samples are neither too short for the clock nor more than a round needs. */
function batchSize(callMs: number, roundMs: number, minSampleMs: number): number {
  return Math.max(1, Math.ceil(Math.max(minSampleMs, roundMs / MAX_ROUND_SAMPLES) / callMs));
}

function roundCount({ measureMs, rounds }: Budget, pairMs: number): number {
  if (pairMs > 2 * SLOW_CALL_MS) return SLOW_ROUNDS;
  return Math.max(MIN_ROUNDS, Math.min(rounds, Math.floor(measureMs / pairMs)));
}

/** tinybench drives the round; each sample is a mean over the side's batch. */
async function timeRound(side: Warm, roundMs: number, preemptions: () => number): Promise<Sample[]> {
  const bench = new Bench({ warmup: false, time: roundMs, iterations: 1, throws: true });
  const samples: Sample[] = [];
  const sample = side.isAsync ? sampleAsync : sampleSync;
  // Left to itself tinybench would try the function once, without waiting for it.
  bench.add('kernel', () => sample(side, bench, samples, preemptions), { async: side.isAsync });
  if (side.isAsync) await bench.run();
  else bench.runSync();
  return samples;
}

function sampleSync(side: Warm, bench: Bench, samples: Sample[], preemptions: () => number) {
  const before = preemptions();
  const start = bench.now();
  for (let i = 0; i < side.batch; i++) side.run();
  const elapsedMs = bench.now() - start;
  return record(elapsedMs, side.batch, preemptions() > before, samples);
}

async function sampleAsync(side: Warm, bench: Bench, samples: Sample[], preemptions: () => number) {
  const before = preemptions();
  const start = bench.now();
  for (let i = 0; i < side.batch; i++) await side.run();
  const elapsedMs = bench.now() - start;
  return record(elapsedMs, side.batch, preemptions() > before, samples);
}

function record(elapsedMs: number, batch: number, preempted: boolean, samples: Sample[]) {
  samples.push({ ns: (elapsedMs * 1e6) / batch, preempted });
  return { overriddenDuration: elapsedMs / batch, overriddenIterationCost: elapsedMs };
}

/** As long samples are: then none is left out on either side, since what remained would be a matter of luck. */
function isMostlyPreempted(samples: readonly Sample[]): boolean {
  return samples.filter((sample) => sample.preempted).length * 2 > samples.length;
}

function keepUndisturbed(rounds: Sample[][], isDropping: boolean): Samples {
  const kept = rounds.map((round) => round.filter((sample) => !isDropping || !sample.preempted));
  return {
    rounds: kept.map((round) => round.map((sample) => sample.ns)),
    dropped: rounds.flat().length - kept.flat().length,
  };
}

export function summarize({ rounds }: Samples, seed: number): Summary {
  const filled = rounds.filter((round) => round.length > 0);
  const sorted = Float64Array.from(filled.flat()).sort();
  return {
    rounds: filled.length,
    samples: sorted.length,
    medianNs: quantile(sorted, 0.5),
    p20Ns: quantile(sorted, LOCATION),
    p95Ns: quantile(sorted, 0.95),
    minNs: sorted[0],
    ci95: bootstrapInterval(filled, (resampled) => quantile(resampled.flat(), LOCATION), seededRandom(seed).uniform),
  };
}

/** baseline time / candidate time, the median over rounds. */
export function pairedRatio({ candidate, baseline }: Pair, seed: number): Ratio {
  const logs = roundLogRatios(candidate.rounds, baseline.rounds);
  const interval = bootstrapInterval(logs, (resampled) => quantile(resampled, 0.5), seededRandom(seed).uniform);
  return {
    speedup: Math.exp(quantile(logs, 0.5)),
    ci95: interval && { low: Math.exp(interval.low), high: Math.exp(interval.high) },
  };
}
