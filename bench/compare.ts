// Two runs against each other, case by case. Each case was timed in turn with its dense baseline, so what is compared is
// not its time but its speed-up over that baseline in the same process.
import { type ExactChange, exactChanges } from './exact-change.ts';
import type { SampleRecord } from './journal.ts';
import { roundLogRatios } from './measure.ts';
import type { ResultRow } from './result-row.ts';
import { isBaseline } from './row-labels.ts';
import { bootstrapDifference, type Interval } from './statistics/bootstrap.ts';
import { holmAdjust } from './statistics/holm.ts';
import { quantile } from './statistics/quantile.ts';
import { studentP } from './statistics/t-test.ts';
import { seededRandom } from './weights/random.ts';

export const verdicts = ['slower', 'faster', 'same', 'inconclusive', 'unpaired'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Measured {
  readonly rows: readonly ResultRow[];
  /** Raw samples by case; undefined where only rows are known. */
  readonly samples: ReadonlyMap<string, SampleRecord> | undefined;
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
  const spreads = processSpreads([...base.rows, ...head.rows]);
  const drafts = [...new Set([...headRows.keys(), ...baseRows.keys()])].map((id) => {
    const pair = { base: baseRows.get(id), head: headRows.get(id) };
    const reason = whyUnpaired(pair);
    const spread = spreads.get(pair.head?.backend ?? '') ?? 0;
    const shift = reason === undefined ? shiftOf(id, pair, { base, head, spread, seed }) : undefined;
    return { id, ...pair, reason, shift };
  });
  const adjusted = holmAdjust(drafts.flatMap(({ shift }) => (shift === undefined ? [] : [shift.p])));
  return drafts.map((draft) =>
    conclude({ ...draft, shift: draft.shift && { ...draft.shift, p: adjusted.shift() ?? 1 } }),
  );
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

/** A median of absolute deviations times this is the standard deviation of a normal distribution. */
const NORMAL_MAD = 1.4826;

/**
 * By backend, the standard deviation of the baseline's speed-up (log) over another instance of itself: by as much one
 * process differs from the next, which rounds within one process can't show.
 */
function processSpreads(rows: readonly ResultRow[]): Map<string, number> {
  const pairs = rows.filter((row) => isBaseline(row) && hasRun(row) && row.speedup !== undefined);
  const byBackend = Map.groupBy(pairs, (row) => row.backend ?? '');
  return new Map(
    [...byBackend].map(([backend, group]) => {
      const deviations = group.map(({ speedup }) => Math.abs(Math.log(speedup ?? 1)));
      return [backend, NORMAL_MAD * quantile(deviations, 0.5)];
    }),
  );
}

interface ShiftContext {
  readonly base: Measured;
  readonly head: Measured;
  readonly spread: number;
  readonly seed: number;
}

function shiftOf(id: string, rows: RowPair, { base, head, spread, seed }: ShiftContext): Shift | undefined {
  const within = shiftOfSamples(base.samples?.get(id), head.samples?.get(id), seed) ?? shiftOfRows(rows);
  if (within === undefined) return undefined;
  // Both runs are one process each.
  const between = Z95 * Math.SQRT2 * spread;
  const low = within.log - Math.hypot(within.log - within.interval.low, between);
  const high = within.log + Math.hypot(within.interval.high - within.log, between);
  const error = (high - low) / (2 * Z95);
  return { ...within, interval: { low, high }, p: pOf(within.log, error, within.degrees) };
}

function pOf(log: number, error: number, degrees: number): number {
  if (error > 0) return studentP(log / error, Math.max(1, degrees));
  return log === 0 ? 1 : 0;
}

interface WithinShift extends Omit<Shift, 'p'> {
  readonly degrees: number;
}

const median = (values: readonly number[]) => quantile(values, 0.5);

function shiftOfSamples(
  base: SampleRecord | undefined,
  head: SampleRecord | undefined,
  seed: number,
): WithinShift | undefined {
  if (base === undefined || head === undefined) return undefined;
  const [before, after] = [base, head].map((record) => roundLogRatios(record.candidate_ns, record.baseline_ns));
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
