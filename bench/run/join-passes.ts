// What a case comes to over all its passes, each of them a process of its own or the next in one.
import type { CaseResult, CoreReport, JoinedResult, Pair, Ratio } from '../contract/case-result.ts';
import { pairedRatio, summarize } from '../measure/figures.ts';
import { verdict } from '../measure/verdict.ts';
import { leftOut } from '../statistics/median-interval.ts';
import { quantile } from '../statistics/quantile.ts';
import { LOCATION, roundLogRatios } from '../statistics/round-ratios.ts';

export interface JoinOptions {
  readonly seed: number;
  /** p20 of the baseline's own row so far, ns: what the baseline took beside this case should be about the same. */
  readonly baselineP20Ns: number | undefined;
}

/** How many passes on a free core speak for a case by themselves, of so many asked for. */
function enough(passes: number): number {
  return Math.ceil(passes / 2);
}

interface Pass {
  readonly result: CaseResult;
}

/** Whether another pass could tell more: where the state of the core is known and was seldom free. */
export function wantsFreeCore(passes: readonly Pass[], asked: number): boolean {
  return passes.every(({ result }) => result.core !== undefined) && onFreeCore(passes).length < enough(asked);
}

/** The passes that count: those on a free core where there are enough of them, since a neighbour slows kernels unequally. */
export function passesThatCount<P extends Pass>(passes: readonly P[], asked: number): readonly P[] {
  const free = onFreeCore(passes);
  const isMeasured = passes.every(({ result }) => result.samples !== undefined);
  return isMeasured && free.length >= enough(asked) ? free : passes;
}

function onFreeCore<P extends Pass>(passes: readonly P[]): P[] {
  return passes.filter(({ result }) => result.core?.state === 'free');
}

/** `results`: one a pass, at least one. A pass that came to no figures is what the case comes to. */
export function joinPasses(results: readonly CaseResult[], { seed, baselineP20Ns }: JoinOptions): JoinedResult {
  const unmeasured = results.find(({ samples }) => samples === undefined);
  if (unmeasured !== undefined) return unmeasured;
  const [first] = results;
  const hashes = new Set(results.map(({ inputHash }) => inputHash));
  if (hashes.size > 1)
    return { status: 'error', reason: `inputs: must be the same in every pass, got ${[...hashes].join(' and ')}` };
  const pairs = results.flatMap(({ samples }) => samples ?? []);
  const samples = { candidate: concat(pairs, 'candidate'), baseline: concat(pairs, 'baseline') };
  const core = joinCores(results);
  const { sdBetween, ...ratio } = joinRatios(pairs);
  return {
    ...first,
    ...worstDrift(results),
    ...outcome(samples, ratio, core, baselineP20Ns),
    samples,
    summary: summarize(samples.candidate, seed),
    core,
    ratio,
    processes: results.length,
    speedupSdBetween: sdBetween,
    deviceTime: first.deviceTime && {
      ns: median(results, ({ deviceTime }) => deviceTime?.ns) ?? first.deviceTime.ns,
      speedup: median(results, ({ deviceTime }) => deviceTime?.speedup) ?? first.deviceTime.speedup,
      quantumNs: Math.max(...figures(results, ({ deviceTime }) => deviceTime?.quantumNs)),
    },
    transfers: first.transfers && {
      uploadNs: median(results, ({ transfers }) => transfers?.uploadNs) ?? first.transfers.uploadNs,
      readbackNs: median(results, ({ transfers }) => transfers?.readbackNs) ?? first.transfers.readbackNs,
    },
    energyJ: median(results, ({ energyJ }) => energyJ),
    kernelNmse: most(results, ({ kernelNmse }) => kernelNmse),
    peakRssBytes: most(results, ({ peakRssBytes }) => peakRssBytes),
    loadBefore: most(results, ({ loadBefore }) => loadBefore),
    loadAfter: most(results, ({ loadAfter }) => loadAfter),
    canaryNs: median(results, ({ canaryNs }) => canaryNs),
    timerResolutionNs: most(results, ({ timerResolutionNs }) => timerResolutionNs),
  };
}

interface JoinedRatio extends Ratio {
  /** Standard deviation of the processes' log speed-ups; missing where there is one process. */
  readonly sdBetween?: number;
}

/**
 * The median over processes of each one's speed-up, and where it lies. Processes settle at levels of their own, by up to
 * 15 % for some kernels, of which the rounds within one know nothing: the interval takes the ends of the processes' own
 * intervals as order statistics of the median. So it covers the levels of two processes (half of all pairs hold the true
 * median between them) and with five 94 %, whatever their distribution (see leftOut).
 */
export function joinRatios(pairs: readonly Pair[]): JoinedRatio {
  const measured = pairs.filter((pair) => logsOf(pair).length > 0);
  const ratios = measured.map(pairedRatio);
  if (ratios.length < 2) return ratios[0] ?? pairedRatio(pairs[0]);
  const logs = ratios.map(({ speedup }) => Math.log(speedup));
  const ends = measured.map((pair, i) => ratios[i].ci95 ?? rangeOf(pair));
  const left = leftOut(ratios.length);
  return {
    speedup: Math.exp(quantile(logs, 0.5)),
    ci95: {
      low: ends.map(({ low }) => low).toSorted((a, b) => a - b)[left],
      high: ends.map(({ high }) => high).toSorted((a, b) => b - a)[left],
    },
    sdBetween: standardDeviation(logs),
  };
}

function logsOf({ candidate, baseline }: Pair): number[] {
  return roundLogRatios(candidate.rounds, baseline.rounds);
}

/** Of a process with fewer rounds than an interval needs. */
function rangeOf(pair: Pair) {
  const logs = logsOf(pair);
  return { low: Math.exp(Math.min(...logs)), high: Math.exp(Math.max(...logs)) };
}

/** More than the two states of a shared core make of one kernel (1.6), less than a wrong way to wake a thread (20). */
const MOST_APART = 3;

function outcome(
  samples: Pair,
  ratio: Ratio,
  core: CoreReport | undefined,
  baselineP20Ns: number | undefined,
): Pick<CaseResult, 'status' | 'reason'> {
  const besideNs = quantile(samples.baseline.rounds.flat(), LOCATION);
  if (baselineP20Ns !== undefined && Math.abs(Math.log(besideNs / baselineP20Ns)) > Math.log(MOST_APART)) {
    const [beside, own] = [besideNs, baselineP20Ns].map(formatTime);
    return { status: 'noisy', reason: `the baseline took ${beside} beside this case and ${own} in its own row` };
  }
  const sides = [samples.candidate, samples.baseline];
  const callNs = sides.map(({ rounds }) => quantile(rounds.flat(), 0.5));
  const dropped = sides.reduce((sum, side) => sum + side.dropped, 0);
  const kept = sides.reduce((sum, { rounds }) => sum + rounds.flat().length, 0);
  return { reason: undefined, ...verdict(ratio, { callNs, preemptedShare: dropped / (dropped + kept), core }) };
}

function joinCores(results: readonly CaseResult[]): CoreReport | undefined {
  const cores = results.flatMap(({ core }) => core ?? []);
  if (cores.length < results.length) return undefined;
  const [first, ...others] = cores;
  return {
    state: others.every(({ state }) => state === first.state) ? first.state : 'mixed',
    freeRounds: cores.reduce((sum, { freeRounds }) => sum + freeRounds, 0),
    canaryCycles: cores.flatMap(({ canaryCycles }) => canaryCycles),
    bestCycles: Math.min(...cores.map(({ bestCycles }) => bestCycles)),
  };
}

function formatTime(ns: number): string {
  const [unit, size] = ns < 1e3 ? ['ns', 1] : ns < 1e6 ? ['µs', 1e3] : ['ms', 1e6];
  return `${(ns / size).toFixed(1)} ${unit}`;
}

/** Drift is the same in every process but for kernels whose threads add up in an order of their own. */
function worstDrift(results: readonly CaseResult[]): Pick<CaseResult, 'drift' | 'driftOk'> {
  const worst = results.toSorted((a, b) => (a.drift?.sqnr_db ?? Infinity) - (b.drift?.sqnr_db ?? Infinity))[0];
  const isOk = results.every(({ driftOk }) => driftOk !== false);
  return { drift: worst.drift, driftOk: worst.driftOk === undefined ? undefined : isOk };
}

function concat(pairs: readonly Pair[], side: keyof Pair) {
  return {
    rounds: pairs.flatMap((pair) => pair[side].rounds),
    dropped: pairs.reduce((sum, pair) => sum + pair[side].dropped, 0),
  };
}

type Figure = (result: CaseResult) => number | undefined;

function figures(results: readonly CaseResult[], figure: Figure): number[] {
  return results.flatMap((result) => figure(result) ?? []);
}

function median(results: readonly CaseResult[], figure: Figure): number | undefined {
  const values = figures(results, figure);
  return values.length > 0 ? quantile(values, 0.5) : undefined;
}

function most(results: readonly CaseResult[], figure: Figure): number | undefined {
  const values = figures(results, figure);
  return values.length > 0 ? Math.max(...values) : undefined;
}

/** With one less than their number, as of a sample. */
function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
