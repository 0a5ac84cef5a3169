// Two runs against each other, case by case. Each case was timed in turn with its dense baseline, so what is compared is
// not its time but its speed-up over that baseline in the same process.

import type { ResultRow } from '../results/columns.ts';
import { type ExactChange, exactChanges } from '../results/exact-change.ts';
import type { SampleRecord } from '../results/journal.ts';
import { isBaseline } from '../results/row-labels.ts';
import { bootstrapDifference } from '../statistics/bootstrap.ts';
import { holmAdjust } from '../statistics/holm.ts';
import type { Interval } from '../statistics/interval.ts';
import { quantile } from '../statistics/quantile.ts';
import { seededRandom } from '../statistics/random.ts';
import { roundLogRatios } from '../statistics/round-ratios.ts';
import { studentP } from '../statistics/t-test.ts';

export const verdicts = ['slower', 'faster', 'same', 'inconclusive', 'unpaired'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Measured {
  readonly rows: readonly ResultRow[];
  /** Raw samples by case; undefined where only rows are known. */
  readonly samples: ReadonlyMap<string, readonly SampleRecord[]> | undefined;
}

/** log(head's speed-up / base's): above 0 where the case became faster. */
export interface Shift {
  readonly log: number;
  /** 95 %, the spread between processes included. */
  readonly interval: Interval;
  /** Two-sided, that nothing changed; adjusted by Holm for all cases judged. */
  readonly p: number;
  /** Out of raw samples rather than the rows' intervals. */
  readonly isFromSamples: boolean;
}

export interface CaseComparison {
  readonly caseId: string;
  readonly base?: ResultRow;
  readonly head?: ResultRow;
  readonly verdict: Verdict;
  readonly shift?: Shift;
  /** head p20_ns / base p20_ns, only of equal environments. */
  readonly timeRatio?: number;
  readonly changes: readonly ExactChange[];
  /** Why it is unpaired. */
  readonly reason?: string;
  /** What makes the comparison fail; empty where nothing does. */
  readonly regressions: readonly string[];
}

/** Smaller effects are below what code layout alone does. */
export const MIN_EFFECT = Math.log(1.02);
/** Chance of a single false `slower` or `faster` among all cases. */
const FAMILY_ALPHA = 0.01;
/** Standard errors to either end of a 95 % interval. */
const Z95 = 1.96;

/** A case at a time, in head's order, then those only base has. */
export function compareRuns(base: Measured, head: Measured, seed: number): CaseComparison[] {
  const baseRows = new Map(base.rows.map((row) => [row.case_id ?? '', row]));
  const headRows = new Map(head.rows.map((row) => [row.case_id ?? '', row]));
  const pairs = [...new Set([...headRows.keys(), ...baseRows.keys()])].map((id) => {
    const pair = { base: baseRows.get(id), head: headRows.get(id) };
    const reason = whyUnpaired(pair);
    const samples = { base: base.samples?.get(id), head: head.samples?.get(id) };
    return { id, ...pair, reason, within: reason === undefined ? shiftWithin(pair, samples, seed) : undefined };
  });
  const spreads = processSpreads(pairs);
  const shifts = pairs.map(({ head: row, within }) => within && shiftBetween(within, spreads.get(row?.backend ?? '')));
  const adjusted = holmAdjust(shifts.flatMap((shift) => (shift === undefined ? [] : [shift.p])));
  return pairs.map((pair, i) => {
    const shift = shifts[i];
    return conclude({ ...pair, shift: shift && { ...shift, p: adjusted.shift() ?? 1 } });
  });
}

interface RowPair {
  readonly base?: ResultRow;
  readonly head?: ResultRow;
}

interface Draft extends RowPair {
  readonly id: string;
  readonly reason: string | undefined;
  readonly shift: Shift | undefined;
}

function conclude({ id, base, head, reason, shift }: Draft): CaseComparison {
  const verdict = shift === undefined ? 'unpaired' : verdictOf(shift);
  const isSameInput = base?.input_hash === head?.input_hash;
  const changes = base !== undefined && head !== undefined && isSameInput ? exactChanges(base, head) : [];
  return {
    caseId: id,
    base,
    head,
    verdict,
    shift,
    timeRatio: timeRatioOf(base, head),
    changes,
    reason: shift === undefined ? (reason ?? 'too few rounds for an interval') : undefined,
    regressions: regressionsOf({ base, head }, verdict, changes),
  };
}

function verdictOf({ log, interval, p }: Shift): Verdict {
  if (p <= FAMILY_ALPHA && Math.abs(log) >= MIN_EFFECT) return log > 0 ? 'faster' : 'slower';
  return interval.low > -MIN_EFFECT && interval.high < MIN_EFFECT ? 'same' : 'inconclusive';
}

function regressionsOf({ base, head }: RowPair, verdict: Verdict, changes: readonly ExactChange[]): string[] {
  if (base === undefined || !hasRun(base)) return [];
  if (head === undefined) return ['vanished'];
  if (!hasRun(head)) return [`was ${base.status}, is ${stateOf(head)}`];
  const isOverBudget = base.drift_ok !== false && head.drift_ok === false;
  return [
    ...(verdict === 'slower' ? ['slower'] : []),
    ...(isOverBudget ? ['drifted past its budget'] : []),
    ...(changes.some(({ isWorse }) => isWorse) ? ['worse drift or more bytes'] : []),
  ];
}

function stateOf({ status, reason }: ResultRow): string {
  return reason === undefined ? `${status}` : `${status}: ${reason}`;
}

/** A noisy row was measured like an ok one. */
export function hasRun({ status }: ResultRow): boolean {
  return status === 'ok' || status === 'noisy';
}

function whyUnpaired({ base, head }: RowPair): string | undefined {
  if (base === undefined) return 'new';
  if (head === undefined) return 'vanished';
  if (!hasRun(base)) return hasRun(head) ? `runs now; was ${stateOf(base)}` : `ran in neither: ${stateOf(head)}`;
  if (!hasRun(head)) return `ran only in base: ${stateOf(head)}`;
  if (base.input_hash !== head.input_hash) return 'its inputs are others';
  if (isBaseline(head)) return 'is what others are held against';
  if (base.speedup === undefined || head.speedup === undefined) return 'has no paired ratio';
  return undefined;
}

function timeRatioOf(base: ResultRow | undefined, head: ResultRow | undefined): number | undefined {
  if (base?.p20_ns === undefined || head?.p20_ns === undefined) return undefined;
  return base.env_hash !== undefined && base.env_hash === head.env_hash ? head.p20_ns / base.p20_ns : undefined;
}

/** What rounds within two processes, one of each run, say. */
interface WithinShift extends Omit<Shift, 'p'> {
  readonly degrees: number;
}

interface PairedCase extends RowPair {
  readonly within: WithinShift | undefined;
}

/** By how much one process differs from the next for no reason (log, standard deviation), and how well that is known. */
interface Spread {
  readonly deviation: number;
  readonly degrees: number;
}

/** A median of absolute deviations times this is the standard deviation of a normal distribution. */
const NORMAL_MAD = 1.4826;
/** Fewer cases say little of what is usual. */
const MIN_USUAL = 5;

/**
 * By backend. Rounds within one process can't show how processes differ (memory layout, what V8 optimised when), but all
 * cases together do, as most have not changed between two runs: the empirical null of Efron 2004 (JASA 99, 96–104). Where
 * cases are few, the baseline's rows stand in, whose two sides are instances of one kernel.
 */
function processSpreads(pairs: readonly PairedCase[]): Map<string, Spread> {
  const byBackend = Map.groupBy(pairs, ({ base, head }) => head?.backend ?? base?.backend ?? '');
  return new Map([...byBackend].map(([backend, group]) => [backend, spreadOf(group)]));
}

function spreadOf(pairs: readonly PairedCase[]): Spread {
  const shifts = pairs.flatMap(({ within }) => (within === undefined ? [] : [Math.abs(within.log)]));
  const baselines = pairs
    .flatMap(({ base = {}, head = {} }) => [base, head])
    .filter((row) => isBaseline(row) && hasRun(row));
  const instances = baselines.flatMap(({ speedup }) => (speedup === undefined ? [] : [Math.abs(Math.log(speedup))]));
  const deviations = shifts.length >= MIN_USUAL ? shifts : instances.map((log) => log * Math.SQRT2);
  if (deviations.length === 0) return { deviation: 0, degrees: 1 };
  return { deviation: NORMAL_MAD * quantile(deviations, 0.5), degrees: deviations.length };
}

function shiftBetween({ degrees, ...within }: WithinShift, spread: Spread = { deviation: 0, degrees: 1 }): Shift {
  const { log, interval } = within;
  const low = log - Math.hypot(log - interval.low, Z95 * spread.deviation);
  const high = log + Math.hypot(interval.high - log, Z95 * spread.deviation);
  const error = (high - low) / (2 * Z95);
  return { ...within, interval: { low, high }, p: pOf(log, error, Math.min(degrees, spread.degrees)) };
}

function pOf(log: number, error: number, degrees: number): number {
  if (error > 0) return studentP(log / error, Math.max(1, degrees));
  return log === 0 ? 1 : 0;
}

function shiftWithin(
  rows: RowPair,
  samples: { base?: readonly SampleRecord[]; head?: readonly SampleRecord[] },
  seed: number,
): WithinShift | undefined {
  return shiftOfSamples(samples.base, samples.head, seed) ?? shiftOfRows(rows);
}

const median = (values: readonly number[]) => quantile(values, 0.5);

function shiftOfSamples(
  base: readonly SampleRecord[] | undefined,
  head: readonly SampleRecord[] | undefined,
  seed: number,
): WithinShift | undefined {
  if (base === undefined || head === undefined) return undefined;
  const [before, after] = [base, head].map((passes) =>
    passes.flatMap((record) => roundLogRatios(record.candidate_ns, record.baseline_ns)),
  );
  const interval = bootstrapDifference(before, after, median, seededRandom(seed).uniform);
  if (interval === undefined) return undefined;
  return {
    log: median(after) - median(before),
    interval,
    degrees: before.length + after.length - 2,
    isFromSamples: true,
  };
}

/** Out of the rows' own intervals: their half-widths add up as the sides of a right angle (Zou & Donner 2008). */
function shiftOfRows({ base, head }: RowPair): WithinShift | undefined {
  const [before, after] = [logInterval(base), logInterval(head)];
  if (before === undefined || after === undefined) return undefined;
  const log = after.log - before.log;
  return {
    log,
    interval: {
      low: log - Math.hypot(after.log - after.low, before.high - before.log),
      high: log + Math.hypot(after.high - after.log, before.log - before.low),
    },
    degrees: (base?.rounds ?? 0) + (head?.rounds ?? 0) - 2,
    isFromSamples: false,
  };
}

function logInterval(row: ResultRow | undefined): { log: number; low: number; high: number } | undefined {
  const { speedup, speedup_ci95_low, speedup_ci95_high } = row ?? {};
  if (speedup === undefined || speedup_ci95_low === undefined || speedup_ci95_high === undefined) return undefined;
  return { log: Math.log(speedup), low: Math.log(speedup_ci95_low), high: Math.log(speedup_ci95_high) };
}
