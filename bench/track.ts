// Many runs of the same cases: where each case's speed-up over its dense baseline took another level, and every change of
// its drift and bytes. What a case was on one machine says nothing of another, so each machine has a history of its own.

import { isDeepStrictEqual } from 'node:util';
import { hasRun, MIN_EFFECT } from './compare.ts';
import { type ExactChange, exactChanges } from './exact-change.ts';
import type { HistoryRun } from './history.ts';
import type { ResultRow } from './result-row.ts';
import { isBaseline } from './row-labels.ts';
import { type ChangePoint, findChangePoints } from './statistics/change-points.ts';

export interface LevelChange {
  /** The last row of the old level and the first of the new one. */
  readonly before: ResultRow;
  readonly began: ResultRow;
  /** Speed-ups, geometric means of the levels. */
  readonly oldSpeedup: number;
  readonly newSpeedup: number;
  readonly p: number;
  /** Runs at the new level so far. */
  readonly runs: number;
}

export interface ExactEvent {
  readonly before: ResultRow;
  readonly row: ResultRow;
  readonly changes: readonly ExactChange[];
}

export interface TrackedCase {
  readonly caseId: string;
  /** Its latest row. */
  readonly row: ResultRow;
  /** Runs on this machine with these inputs that timed it. */
  readonly runs: number;
  /** Oldest first. */
  readonly levels: readonly LevelChange[];
  readonly events: readonly ExactEvent[];
  /** What the newest run shows for the first time. */
  readonly news: readonly News[];
}

export interface News {
  readonly isWorse: boolean;
  readonly what: string;
}

/** Of a single history; divided among many, so that the chance of a false alarm a night stays that of one. */
const MAX_P = 0.001;
const FAMILY_P = 0.05;

/** The newest run's cases first, then those only earlier runs had. */
export function trackHistory(runs: readonly HistoryRun[], seed: number): TrackedCase[] {
  const newest = runs[runs.length - 1];
  const histories = casesOf(runs).map((caseId) => ({ caseId, rows: latestHistory(runs, caseId) }));
  const maxP = Math.min(MAX_P, FAMILY_P / histories.length);
  const previous = runs.slice(0, -1).findLast((run) => isAsked(run, newest));
  return histories.map(({ caseId, rows }) => {
    const row = rows[rows.length - 1];
    const isInNewest = newest.rows.get(caseId) === row;
    const measured = rows.filter(hasRun);
    const points = levelsOf(measured, maxP, seed);
    const levels = points.map((point, i) => describeLevel(point, measured, points[i + 1]?.index ?? measured.length));
    const events = eventsOf(measured);
    const isTimed = isInNewest && hasRun(row);
    const news = [
      ...statusNews(caseId, newest, previous),
      ...(isTimed ? levelNews(measured, points, maxP, seed) : []),
      ...events.flatMap((event) => (isTimed && event.row === row ? [exactNews(event)] : [])),
    ];
    return { caseId, row, runs: measured.length, levels, events, news };
  });
}

function casesOf(runs: readonly HistoryRun[]): string[] {
  return [...new Set(runs.toReversed().flatMap(({ rows }) => [...rows.keys()]))];
}

/** Rows of the case, oldest first, on the machine and with the inputs of the latest one. */
function latestHistory(runs: readonly HistoryRun[], caseId: string): ResultRow[] {
  const rows = runs.flatMap((run) => run.rows.get(caseId) ?? []);
  const latest = rows[rows.length - 1];
  const isSame = (row: ResultRow) =>
    machineOf(row) === machineOf(latest) && (row.input_hash === latest.input_hash || !hasRun(row) || !hasRun(latest));
  return rows.filter(isSame);
}

/** What a history depends on; systems and Node versions come and go on the same machine, and their effect is wanted. */
export function machineOf({ cpu_model, cpu_count, threads, device, gpu_adapter }: ResultRow): string {
  const parts = [cpu_model, `${cpu_count} cores`, `${threads ?? 1} threads`];
  return (device === 'gpu' ? [...parts, gpu_adapter] : parts).join(', ');
}

/** log speed-up, run by run; the baseline's own tells nothing. */
function ratiosOf(rows: readonly ResultRow[]): number[] {
  if (rows.some((row) => isBaseline(row) || row.speedup === undefined)) return [];
  return rows.map(({ speedup = 1 }) => Math.log(speedup));
}

function levelsOf(rows: readonly ResultRow[], maxP: number, seed: number): ChangePoint[] {
  return findChangePoints(ratiosOf(rows), { minMagnitude: MIN_EFFECT, maxP, seed });
}

function describeLevel({ index, before, after, p }: ChangePoint, rows: readonly ResultRow[], end: number): LevelChange {
  return {
    before: rows[index - 1],
    began: rows[index],
    oldSpeedup: Math.exp(before),
    newSpeedup: Math.exp(after),
    p,
    runs: end - index,
  };
}

function levelNews(rows: readonly ResultRow[], points: readonly ChangePoint[], maxP: number, seed: number): News[] {
  const news = newLevel(points, levelsOf(rows.slice(0, -1), maxP, seed));
  return news === undefined ? [] : [{ isWorse: news.after < news.before, what: 'speed' }];
}

/** The last level, where the history without its newest run doesn't show it yet. */
export function newLevel(points: readonly ChangePoint[], earlier: readonly ChangePoint[]): ChangePoint | undefined {
  const [last, known] = [points.at(-1), earlier.at(-1)];
  if (last === undefined) return undefined;
  const isKnown =
    known !== undefined &&
    known.after > known.before === last.after > last.before &&
    Math.abs(known.after - last.after) < MIN_EFFECT;
  return isKnown ? undefined : last;
}

function eventsOf(rows: readonly ResultRow[]): ExactEvent[] {
  return rows.slice(1).flatMap((row, i) => {
    const changes = exactChanges(rows[i], row);
    return changes.length > 0 ? [{ before: rows[i], row, changes }] : [];
  });
}

function exactNews({ changes }: ExactEvent): News {
  return { isWorse: changes.some(({ isWorse }) => isWorse), what: 'drift or bytes' };
}

/** Whether a case that the run before had, ran again. Only runs that were asked for the same can tell. */
function statusNews(caseId: string, newest: HistoryRun, previous: HistoryRun | undefined): News[] {
  const [row, before] = [newest.rows.get(caseId), previous?.rows.get(caseId)];
  if (row !== undefined && !hasRun(row)) {
    return before !== undefined && hasRun(before)
      ? [{ isWorse: true, what: `was ${before.status}, is ${row.status}: ${row.reason ?? 'no reason given'}` }]
      : [];
  }
  if (row !== undefined) return previous !== undefined && before === undefined ? [{ isWorse: false, what: 'new' }] : [];
  if (before === undefined || !hasRun(before) || newest.missing.has(caseId)) return [];
  return [{ isWorse: true, what: 'vanished' }];
}

function isAsked(run: HistoryRun, newest: HistoryRun): boolean {
  return run.asked === undefined || newest.asked === undefined || isDeepStrictEqual(run.asked, newest.asked);
}
