// What `tare compare` and `tare track` make of runs of one commit, where every change they see is a false one, and of steps
// planted into the same runs.
import type { ResultRow } from '../../results/columns.ts';
import { isBaseline } from '../../results/row-labels.ts';
import { type CaseComparison, compareRuns, type Shift } from '../compare.ts';
import { NIGHTS_TO_SEE, trackHistory } from '../track.ts';
import { plantStep } from './planted-step.ts';
import { nightOf, type RecordedRun } from './recorded-history.ts';

export const STEPS = [0.03, 0.05, 0.1] as const;
/** A level is three runs at least, so there is nothing to find in fewer nights. */
const FEWEST_NIGHTS = 4;

/** A case in one pair of runs, which `compare` judged. */
export interface JudgedCase {
  readonly caseId: string;
  readonly backend: string;
  readonly verdict: CaseComparison['verdict'];
  /** Why it is inconclusive whatever its shift. */
  readonly reason?: string;
  readonly steps: readonly PlantedStep[];
}

/** A step planted into one case, both ways: the case became slower, or faster. */
export interface PlantedStep {
  readonly step: number;
  /** Whether the figures were steady enough for the step to be seen, as `compare` says of them without it. */
  readonly canBeJudged: boolean;
  readonly tried: number;
  readonly found: number;
}

export interface JudgedPair {
  /** Numbers of the runs, from 1. */
  readonly base: number;
  readonly head: number;
  readonly isBesideLoad: boolean;
  readonly cases: readonly JudgedCase[];
  /** What `compare` exits with 1 for, a case each. */
  readonly regressions: readonly string[];
}

export interface TrackedStep extends PlantedStep {
  readonly caseId: string;
  readonly backend: string;
}

export interface FalseAlarm {
  readonly night: number;
  readonly caseId: string;
  readonly what: string;
}

export interface RealNights {
  readonly pairs: readonly JudgedPair[];
  /** Nights from the fourth on, and what `track` called newly worse in them. */
  readonly nights: number;
  readonly falseAlarms: readonly FalseAlarm[];
  readonly tracked: readonly TrackedStep[];
}

export function judgeRealNights(runs: readonly RecordedRun[]): RealNights {
  const pairs = runs.flatMap((base, i) =>
    runs.slice(i + 1).map((head, j) => judgePair({ base, head }, [i + 1, i + j + 2])),
  );
  return { pairs, ...falseAlarmsOf(runs), tracked: STEPS.flatMap((step) => trackSteps(runs, step)) };
}

function judgePair(runs: { base: RecordedRun; head: RecordedRun }, [base, head]: [number, number]): JudgedPair {
  const comparisons = compareRuns(runs.base.rows, runs.head.rows);
  return {
    base,
    head,
    isBesideLoad: runs.base.isBesideLoad || runs.head.isBesideLoad,
    regressions: comparisons.filter(({ regressions }) => regressions.length > 0).map(({ caseId }) => caseId),
    cases: comparisons.flatMap(({ caseId, verdict, reason, shift, head: row }) => {
      if (shift === undefined || row === undefined) return [];
      const steps = STEPS.map((step) => ({
        ...countFound(runs.base.rows, runs.head.rows, row, step),
        canBeJudged: reason === undefined && isBelow(step, shift),
      }));
      return [{ caseId, backend: row.backend ?? '', verdict, reason, steps }];
    }),
  };
}

function isBelow(step: number, { detectable }: Shift): boolean {
  return detectable <= Math.log1p(step);
}

/** Of a step each way in the one case. */
function countFound(base: readonly ResultRow[], head: readonly ResultRow[], row: ResultRow, step: number) {
  const wanted = { slower: 1 + step, faster: 1 / (1 + step) };
  const found = Object.entries(wanted).filter(([verdict, timeFactor]) => {
    const planted = head.map((other) => (other === row ? plantStep(row, timeFactor) : other));
    return compareRuns(base, planted).find(({ caseId }) => caseId === row.case_id)?.verdict === verdict;
  });
  return { step, tried: 2, found: found.length };
}

function falseAlarmsOf(runs: readonly RecordedRun[]) {
  const counts = runs.flatMap((_, i) => (i + 1 >= FEWEST_NIGHTS ? [i + 1] : []));
  const falseAlarms = counts.flatMap((nights) =>
    newlyWorse(runs.slice(0, nights)).map((news) => ({ night: nights, ...news })),
  );
  return { nights: counts.length, falseAlarms };
}

/** What the newest night shows for the first time. */
function newlyWorse(runs: readonly RecordedRun[]) {
  const tracked = trackHistory(runs.map((run, i) => nightOf(run, i + 1)));
  return tracked.flatMap(({ caseId, news }) =>
    news.filter(({ isWorse }) => isWorse).map(({ what }) => ({ caseId, what })),
  );
}

/** Cases that get slower at once: few, since it is a case that has a step and not the machine. */
const CASES_AT_ONCE = 10;

/** In each case, a step to slower in the last five runs, looked for night by night. */
function trackSteps(runs: readonly RecordedRun[], step: number): TrackedStep[] {
  const nights = runs.map((run, i) => nightOf(run, i + 1));
  const split = { before: runs.length - NIGHTS_TO_SEE, further: NIGHTS_TO_SEE };
  const steady = trackHistory(nights, split).filter(({ row }) => !isBaseline(row));
  const ids = steady.map(({ caseId }) => caseId);
  const groups = Math.ceil(ids.length / CASES_AT_ONCE);
  const found = new Set(
    Array.from({ length: groups }, (_, group) => {
      const planted = new Set(ids.filter((_, i) => i % groups === group));
      return foundInTime(runs, step, planted);
    }).flat(),
  );
  return steady.map(({ caseId, row, detectable }) => {
    const states = new Set(nights.map(({ rows }) => rows.get(caseId)?.core_state));
    const canBeJudged = states.size === 1 && detectable <= Math.log1p(step);
    return { caseId, backend: row.backend ?? '', step, canBeJudged, tried: 1, found: found.has(caseId) ? 1 : 0 };
  });
}

function foundInTime(runs: readonly RecordedRun[], step: number, cases: ReadonlySet<string>): string[] {
  const begin = runs.length - NIGHTS_TO_SEE;
  const planted = runs.map((run, i) => {
    if (i < begin) return run;
    const rows = run.rows.map((row) => (cases.has(row.case_id ?? '') ? plantStep(row, 1 + step) : row));
    return { ...run, rows };
  });
  return Array.from({ length: NIGHTS_TO_SEE }, (_, i) => newlyWorse(planted.slice(0, begin + i + 1)))
    .flat()
    .flatMap(({ caseId, what }) => (cases.has(caseId) && what === 'speed' ? [caseId] : []));
}
