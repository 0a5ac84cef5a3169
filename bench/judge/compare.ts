// Two runs against each other, case by case. Each case was timed in turn with its dense baseline, so what is compared is
// not its time but its speed-up over that baseline in the same process.
import type { ResultRow } from '../results/columns.ts';
import { type ExactChange, exactChanges } from '../results/exact-change.ts';
import { isLeftOut } from '../results/left-out.ts';
import { isBaseline } from '../results/row-labels.ts';
import { holmAdjust } from '../statistics/holm.ts';
import type { Interval } from '../statistics/interval.ts';
import { studentP, studentQuantile } from '../statistics/student.ts';
import { machineOf } from './machine-of.ts';
import { type Estimate, estimateShifts, type PairedRows } from './process-spread.ts';
import { machineEvents, NOTHING_TOLD, silenceAt, type Told, toldOf } from './told.ts';

export const verdicts = ['slower', 'faster', 'same', 'inconclusive', 'unpaired'] as const;
export type Verdict = (typeof verdicts)[number];

/** log(head's speed-up / base's): above 0 where the case became faster. */
export interface Shift {
  readonly log: number;
  /** 95 %, the spread between processes included. */
  readonly interval: Interval;
  /** Whether two one-sided tests at 5 % each deny that it is as far as 5 % either way (Schuirmann 1987). */
  readonly isWithinMargin: boolean;
  /** Two-sided, that nothing changed; adjusted by Holm for all cases judged. */
  readonly p: number;
  /** The least change that would have been judged one nine times in ten, as a logarithm. */
  readonly detectable: number;
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
  /** Why it is unpaired, or inconclusive whatever its shift. */
  readonly reason?: string;
  /** What makes the comparison fail; empty where nothing does. */
  readonly regressions: readonly string[];
  /** What people said that took regressions away. */
  readonly told?: string;
}

/** Smaller effects are below what code layout alone does. */
export const MIN_EFFECT = Math.log(1.02);
/** A case that moved by no more has stayed the same for all that matters. */
export const SAME_MARGIN = Math.log(1.05);
/** Chance of a single false `slower` or `faster` among all cases. */
const FAMILY_ALPHA = 0.01;

/**
 * A case at a time, in head's order, then those only base has: these vanished, unless there is an excuse for them.
 * @param excuseOf why head says nothing of a case
 */
export function compareRuns(
  base: readonly ResultRow[],
  head: readonly ResultRow[],
  excuseOf: (caseId: string) => Excuse | undefined = () => undefined,
  told: Told = NOTHING_TOLD,
): CaseComparison[] {
  const leftOut = new Set([...base, ...head].filter(isLeftOut).map(({ case_id }) => case_id));
  const [baseRows, headRows] = [base, head].map(
    (rows) => new Map(rows.flatMap((row) => (isLeftOut(row) ? [] : [[row.case_id ?? '', row]]))),
  );
  const pairs = [...new Set([...headRows.keys(), ...baseRows.keys()])].map((id) => {
    return { id, base: baseRows.get(id), head: headRows.get(id) };
  });
  const paired = pairs.flatMap((pair) => pairedRows(pair) ?? []);
  const shifts = new Map(shiftsOf(paired).map((shift, i) => [paired[i].head.case_id, shift]));
  const compared = pairs.map((pair) => conclude(pair.id, pair, shifts.get(pair.id), told));
  return compared.map((comparison) => {
    const { caseId } = comparison;
    const excuse = leftOut.has(caseId) ? 'left out by a time budget or with a missing shard' : excuseOf(caseId);
    return heed(told, excuseAbsence(comparison, excuse));
  });
}

/** What people said takes regressions away and leaves the verdict. */
function heed(told: Told, comparison: CaseComparison): CaseComparison {
  const { caseId, base, head, regressions } = comparison;
  if (regressions.length === 0) return comparison;
  const own = toldOf(caseId, told);
  const silence = silenceAt(head?.started_at, own);
  if (silence !== undefined)
    return { ...comparison, regressions: [], told: `silenced until ${silence.until}: ${silence.text}` };
  const accept = own.accepts.find(
    ({ commit }) => told.holds(head?.git_commit, commit) && !told.holds(base?.git_commit, commit),
  );
  const left = regressions.filter((regression) => !ACCEPTABLE.includes(regression));
  if (accept === undefined || left.length === regressions.length) return comparison;
  return { ...comparison, regressions: left, told: `accepted: ${accept.text}` };
}

const CHANGED_EXACTLY = 'worse drift or more bytes';
/** What may be meant; a case that fails or falls below its budget is another matter. */
const ACCEPTABLE = ['slower', CHANGED_EXACTLY];

/** Why a case that only base has is no regression. */
export const excuses = [
  'not asked for',
  'not come to before the run was interrupted',
  'left out by a time budget or with a missing shard',
] as const;
export type Excuse = (typeof excuses)[number];

function excuseAbsence(comparison: CaseComparison, excuse: Excuse | undefined): CaseComparison {
  const { base, head } = comparison;
  const isAbsent =
    head === undefined || (base === undefined && excuse === 'left out by a time budget or with a missing shard');
  if (!isAbsent || excuse === undefined) return comparison;
  return { ...comparison, reason: excuse, regressions: [] };
}

interface RowPair {
  readonly base?: ResultRow;
  readonly head?: ResultRow;
}

function pairedRows({ base, head }: RowPair): PairedRows | undefined {
  if (base === undefined || head === undefined) return undefined;
  return whyUnpaired({ base, head }) === undefined ? { base, head } : undefined;
}

function shiftsOf(pairs: readonly PairedRows[]): Shift[] {
  const estimates = estimateShifts(pairs);
  const adjusted = holmAdjust(estimates.map(({ log, error, degrees }) => studentP(log / error, degrees)));
  return estimates.map((estimate, i) => ({
    log: estimate.log,
    interval: intervalOf(estimate),
    isWithinMargin: isWithin(SAME_MARGIN, estimate),
    p: adjusted[i],
    detectable: detectableBy(estimate, pairs.length),
  }));
}

/** Chance that the least change said to be seen is missed; to one side, so half of studentQuantile's p. */
const MISSED = 0.1;

/** What Holm's first step asks of a shift, and as much more as luck may take from it. */
function detectableBy({ error, degrees }: Estimate, cases: number): number {
  const needed = studentQuantile(FAMILY_ALPHA / cases, degrees) + studentQuantile(2 * MISSED, degrees);
  return Math.max(MIN_EFFECT, needed * error);
}

function intervalOf({ log, error, degrees }: Estimate): Interval {
  const reach = studentQuantile(0.05, degrees) * error;
  return { low: log - reach, high: log + reach };
}

/** Each of the two tests has a chance of this to be passed by a case that is just so far off. */
const EQUIVALENCE_ALPHA = 0.05;

function isWithin(margin: number, { log, error, degrees }: Estimate): boolean {
  return Math.abs(log) + studentQuantile(2 * EQUIVALENCE_ALPHA, degrees) * error < margin;
}

function conclude(caseId: string, { base, head }: RowPair, shift: Shift | undefined, told: Told): CaseComparison {
  const [change] = changesOfMachine({ base, head }, told);
  const timeRatio = change === undefined ? timeRatioOf(base, head) : undefined;
  const doubt = shift && (change ?? whyInconclusive({ base, head }, shift, timeRatio));
  const verdict = shift === undefined ? 'unpaired' : doubt === undefined ? verdictOf(shift) : 'inconclusive';
  const isLike = base !== undefined && head !== undefined && whyIncomparable(base, head) === undefined;
  const changes = isLike ? exactChanges(base, head) : [];
  return {
    caseId,
    base,
    head,
    verdict,
    shift,
    timeRatio,
    changes,
    reason: shift === undefined ? whyUnpaired({ base, head }) : doubt,
    regressions: regressionsOf({ base, head }, verdict, changes),
  };
}

/** What people say was done to the machine between the two runs. */
function changesOfMachine({ base, head }: RowPair, told: Told): string[] {
  if (base === undefined || head === undefined) return [];
  const [before, after] = [base, head].map((row) => machineEvents(told, row.started_at ?? '', machineOf(row)));
  return [...new Set(after).symmetricDifference(new Set(before))].map(({ text }) => `the machine was changed: ${text}`);
}

function verdictOf({ log, isWithinMargin, p }: Shift): Verdict {
  if (p <= FAMILY_ALPHA && Math.abs(log) >= MIN_EFFECT) return log > 0 ? 'faster' : 'slower';
  return isWithinMargin ? 'same' : 'inconclusive';
}

/** Why a row of such a core can't be held against one of another. */
export const SHARED = 'measured on a shared core';

/** A baseline that changed by more than this between the runs was in another state: its kernel's code is the same. */
const BASELINE_MOVED = Math.log(1.25);

function whyInconclusive({ base = {}, head = {} }: RowPair, shift: Shift, timeRatio: number | undefined) {
  const states = [base.core_state, head.core_state];
  if (states[0] !== states[1] && states.every((state) => state !== undefined)) return SHARED;
  if (timeRatio === undefined || !['faster', 'slower'].includes(verdictOf(shift))) return undefined;
  const timeShift = -Math.log(timeRatio);
  const isAgreed = timeShift * Math.sign(shift.log) > Math.abs(shift.log) / 4;
  if (isAgreed || Math.abs(shift.log - timeShift) < BASELINE_MOVED) return undefined;
  return 'its own time says otherwise: what it was held against changed';
}

function regressionsOf({ base, head }: RowPair, verdict: Verdict, changes: readonly ExactChange[]): string[] {
  if (base === undefined || !hasRun(base)) return [];
  if (head === undefined) return ['vanished'];
  if (!hasRun(head)) return [`was ${base.status}, is ${stateOf(head)}`];
  const isOverBudget = base.drift_ok !== false && head.drift_ok === false;
  return [
    ...(verdict === 'slower' ? ['slower'] : []),
    ...(isOverBudget ? ['drifted past its budget'] : []),
    ...(changes.some(({ isWorse }) => isWorse) ? [CHANGED_EXACTLY] : []),
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
  if (isBaseline(head)) return whyIncomparable(base, head) ?? 'is what others are held against';
  if (base.speedup === undefined || head.speedup === undefined) return 'has no paired ratio';
  return whyIncomparable(base, head);
}

/** What makes two rows of one case rows of two things. */
function whyIncomparable(base: ResultRow, head: ResultRow): string | undefined {
  if (base.input_hash !== head.input_hash) return 'its inputs are others';
  if (base.threads !== head.threads) return `its threads are others: ${base.threads} and ${head.threads}`;
  return undefined;
}

function timeRatioOf(base: ResultRow | undefined, head: ResultRow | undefined): number | undefined {
  if (base?.p20_ns === undefined || head?.p20_ns === undefined) return undefined;
  return base.env_hash !== undefined && base.env_hash === head.env_hash ? head.p20_ns / base.p20_ns : undefined;
}
