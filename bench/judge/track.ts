// Many runs of the same cases: where each case's speed-up over its dense baseline took another level, and every change of
// its drift and bytes. What a case was on one machine says nothing of another, so each machine has a history of its own.

import type { ResultRow } from '../results/columns.ts';
import type { EventOf } from '../results/events.ts';
import { type ExactChange, exactChanges } from '../results/exact-change.ts';
import type { HistoryRun } from '../results/history.ts';
import { isBaseline } from '../results/row-labels.ts';
import {
  type ChangePoint,
  findChangePoints,
  leastStep,
  type Nights,
  type NoisePrior,
} from '../statistics/change-points.ts';
import { sharedNoise } from '../statistics/shared-noise.ts';
import { studentP } from '../statistics/student.ts';
import { hasRun, MIN_EFFECT, SHARED } from './compare.ts';
import { machineOf } from './machine-of.ts';
import { machineEvents, NOTHING_TOLD, silenceAt, type Told, type ToldOfCase, toldOf } from './told.ts';

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
  /** Why it is meant, where people said so. */
  readonly accepted?: string;
}

export interface ExactEvent {
  readonly before: ResultRow;
  readonly row: ResultRow;
  readonly changes: readonly ExactChange[];
  /** Why they are meant, where people said so. */
  readonly accepted?: string;
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
  /** What the newest run shows for the first time, but for what was accepted; nothing while the case is silenced. */
  readonly news: readonly News[];
  /** What holds the news back. */
  readonly silence?: EventOf<'silence'>;
  /** Why the newest row's speed was not judged. */
  readonly doubt?: string;
  /** The least change, as a logarithm, that would be shown nine times in ten; infinite where none would. */
  readonly detectable: number;
}

/** What is to be seen of a change is said for so many runs after it. */
export const NIGHTS_TO_SEE = 5;

export interface News {
  readonly isWorse: boolean;
  readonly what: string;
}

/** Of a single history; and of all together, divided among them. */
const MAX_P = 0.001;
const FAMILY_P = 0.01;

/** The p that a level of one among so many histories must have. */
export function maxPOf(histories: number): number {
  return Math.min(MAX_P, FAMILY_P / histories);
}

/**
 * The newest run's cases first, then those only earlier runs had.
 * @param seen of how many nights `detectable` speaks
 */
export function trackHistory(
  runs: readonly HistoryRun[],
  seen: Nights = { further: NIGHTS_TO_SEE },
  told: Told = NOTHING_TOLD,
): TrackedCase[] {
  const newest = runs[runs.length - 1];
  const { histories, maxP, noiseOf } = historiesOf(runs, told);
  return histories.map(({ caseId, rows, timed, doubt }) => {
    const row = rows[rows.length - 1];
    const noise = noiseOf(row);
    const own = toldOf(caseId, told);
    const silence = silenceAt(newest.startedAt, own);
    const isHeard = ({ started_at }: ResultRow) => silenceAt(started_at, own) === undefined;
    const isInNewest = newest.rows.get(caseId) === row;
    const measured = rows.filter(hasRun);
    const points = levelsOf(timed, maxP, noise);
    const levels = acceptLevels(
      points.map((point, i) => describeLevel(point, timed, points[i + 1]?.index ?? timed.length)),
      points,
      acceptedStarts(timed, own, told),
    );
    const events = eventsOf(measured, acceptedStarts(measured, own, told));
    // A run that was interrupted before the case, or whose news of it nobody was to hear, says nothing of it.
    const previous = runs
      .slice(0, -1)
      .findLast(({ missing, startedAt }) => !missing.has(caseId) && silenceAt(startedAt, own) === undefined);
    const news = [
      ...statusNews(caseId, newest, previous),
      ...(isInNewest && timed.at(-1) === row ? levelNews(timed, points, levels, isHeard, maxP, noise) : []),
      ...(isInNewest && measured.at(-1) === row ? exactNews(events, measured, isHeard) : []),
    ];
    const detectable = detectableIn(timed, seen, maxP, noise);
    return {
      caseId,
      row,
      runs: measured.length,
      levels,
      events,
      news: silence === undefined ? news : [],
      silence: news.length > 0 ? silence : undefined,
      doubt: isInNewest ? doubt : undefined,
      detectable,
    };
  });
}

/** Of each case what was measured of it, and what the nights of cases like it scatter by. */
function historiesOf(runs: readonly HistoryRun[], told: Told) {
  const histories = casesOf(runs).map((caseId) => {
    const rows = latestHistory(runs, caseId);
    return { caseId, rows, ...likeRows(sinceMachineChanged(timedOf(rows), told)) };
  });
  const noiseOf = sharedNoise(
    histories.map(({ rows, timed }) => ({ values: logSpeedups(timed), groups: groupsOf(rows[rows.length - 1]) })),
  );
  return {
    histories,
    maxP: maxPOf(histories.length),
    noiseOf: (row: ResultRow) => noiseOf(groupsOf(row)),
  };
}

/** Chance that a case is suspected though nothing changed. */
const SUSPICION_P = 0.02;

/** Cases that may have taken another level lately, which a few more nights would tell. */
export function suspectedCases(runs: readonly HistoryRun[], told: Told = NOTHING_TOLD): Set<string> {
  const { histories, maxP, noiseOf } = historiesOf(runs, told);
  const suspected = histories.filter(({ rows, timed }) => {
    const noise = noiseOf(rows[rows.length - 1]);
    const known = levelsOf(timed, maxP, noise).at(-1)?.index ?? 0;
    const likely = levelsOf(timed, SUSPICION_P, noise).at(-1)?.index ?? 0;
    const isLately = likely > known + MAX_INDEX_SHIFT && likely >= timed.length - 2 * NIGHTS_TO_SEE;
    return isLately || isAstray(logSpeedups(timed).slice(known));
  });
  return new Set(suspected.map(({ caseId }) => caseId));
}

/** Whether the last value lies where those before it hardly ever do: a prediction by Student's t. */
function isAstray(values: readonly number[]): boolean {
  const before = values.slice(0, -1);
  if (before.length < 3) return false;
  const mean = before.reduce((sum, value) => sum + value, 0) / before.length;
  const variance = before.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (before.length - 1);
  const away = Math.abs(values[values.length - 1] - mean);
  const t = away / Math.sqrt(variance * (1 + 1 / before.length));
  return away >= MIN_EFFECT && studentP(t, before.length - 1) <= SUSPICION_P;
}

/** Cases whose nights may scatter alike, the narrowest group first. */
function groupsOf({ technique, backend }: ResultRow): string[] {
  return [`${technique} ${backend}`, `${backend}`, 'all'];
}

function casesOf(runs: readonly HistoryRun[]): string[] {
  return [...new Set(runs.toReversed().flatMap(({ rows }) => [...rows.keys()]))];
}

/** Rows of the case, oldest first, on the machine and with the inputs of the latest one. */
export function latestHistory(runs: readonly HistoryRun[], caseId: string): ResultRow[] {
  const rows = runs.flatMap((run) => run.rows.get(caseId) ?? []);
  const latest = rows[rows.length - 1];
  const isSame = (row: ResultRow) =>
    machineOf(row) === machineOf(latest) && (row.input_hash === latest.input_hash || !hasRun(row) || !hasRun(latest));
  return rows.filter(isSame);
}

/** Those that have a speed-up; the baseline's own tells nothing. */
function timedOf(rows: readonly ResultRow[]): ResultRow[] {
  return rows.filter((row) => hasRun(row) && !isBaseline(row) && row.speedup !== undefined);
}

/**
 * Rows whose core was in the newest one's state, or that don't say. Where the core was not free and most of the history
 * was in another state, the newest one can't be judged, and the history is told without it.
 */
function likeRows(rows: readonly ResultRow[]): { timed: readonly ResultRow[]; doubt?: string } {
  const state = rows.at(-1)?.core_state;
  const isOther = (row: ResultRow) => state !== undefined && row.core_state !== undefined && row.core_state !== state;
  const others = rows.filter(isOther);
  const alike = rows.filter((row) => !isOther(row));
  if (state === undefined || state === 'free' || others.length < alike.length) return { timed: alike };
  return { timed: rows.filter(({ core_state }) => core_state === undefined || core_state === 'free'), doubt: SHARED };
}

/** A machine that people say was changed has a history of its own from then on, of speed and nothing else. */
function sinceMachineChanged(rows: readonly ResultRow[], told: Told): readonly ResultRow[] {
  const latest = rows.at(-1);
  if (latest === undefined) return rows;
  const changesBefore = ({ started_at = '' }: ResultRow) => machineEvents(told, started_at, machineOf(latest)).length;
  const changes = changesBefore(latest);
  return changes === 0 ? rows : rows.filter((row) => changesBefore(row) === changes);
}

/** By the index of the first row whose code holds an accepted commit: why what begins there is meant. */
function acceptedStarts(rows: readonly ResultRow[], { accepts }: ToldOfCase, told: Told): Map<number, string> {
  const starts = accepts.map(({ commit, text }): [number, string] => [
    rows.findIndex(({ git_commit }) => told.holds(git_commit, commit)),
    text,
  ]);
  return new Map(starts.filter(([index]) => index > 0));
}

/** Each accepted start stands for the level that begins nearest to it: noise may move where that is found. */
function acceptLevels(
  levels: readonly LevelChange[],
  points: readonly ChangePoint[],
  starts: ReadonlyMap<number, string>,
): LevelChange[] {
  const reasons = new Map<number, string>();
  for (const [start, text] of starts) {
    const distances = points.map(({ index }) => Math.abs(index - start));
    const least = Math.min(...distances);
    if (least <= MAX_INDEX_SHIFT) reasons.set(distances.indexOf(least), text);
  }
  return levels.map((level, i) => (reasons.has(i) ? { ...level, accepted: reasons.get(i) } : level));
}

function levelsOf(timed: readonly ResultRow[], maxP: number, noise: NoisePrior): ChangePoint[] {
  return findChangePoints(logSpeedups(timed), { minMagnitude: MIN_EFFECT, maxP, noise });
}

function detectableIn(timed: readonly ResultRow[], seen: Nights, maxP: number, noise: NoisePrior): number {
  if (timed.length < 2) return Number.POSITIVE_INFINITY;
  return leastStep(logSpeedups(timed), seen, { minMagnitude: MIN_EFFECT, maxP, noise });
}

/** Run by run. */
function logSpeedups(rows: readonly ResultRow[]): number[] {
  return rows.map(({ speedup = 1 }) => Math.log(speedup));
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

function levelNews(
  rows: readonly ResultRow[],
  points: readonly ChangePoint[],
  levels: readonly LevelChange[],
  isHeard: (row: ResultRow) => boolean,
  maxP: number,
  noise: NoisePrior,
): News[] {
  const lengths = rows.map((_, i) => rows.length - 1 - i).filter((length) => length === 0 || isHeard(rows[length - 1]));
  const news = newLevel(
    points,
    lengths.map((length) => () => levelsOf(rows.slice(0, length), maxP, noise)),
  );
  if (news === undefined || levels.at(-1)?.accepted !== undefined) return [];
  return [{ isWorse: news.after < news.before, what: 'speed' }];
}

/** Values by which one more may move where a level is found to begin. */
const MAX_INDEX_SHIFT = 5;

/**
 * The last level, where no shorter history shows it: as its last one, or as one that began there. A level near the edge of
 * proof comes and goes as nights join it, and is news once.
 * @param earlier the levels of the history without its newest value, without its newest two, and so on
 */
export function newLevel(
  points: readonly ChangePoint[],
  earlier: readonly (() => readonly ChangePoint[])[],
): ChangePoint | undefined {
  const last = points.at(-1);
  if (last === undefined) return undefined;
  const change = last.after - last.before;
  const isLike = ({ before, after }: ChangePoint) =>
    Math.sign(after - before) === Math.sign(change) &&
    Math.abs(after - last.after) < Math.max(MIN_EFFECT, Math.abs(change) / 2);
  const isKnown = earlier.some((levelsThen, i) => {
    const then = levelsThen();
    const isSame = (known: ChangePoint) =>
      isLike(known) && ((i === 0 && known === then.at(-1)) || Math.abs(known.index - last.index) <= MAX_INDEX_SHIFT);
    return then.some(isSame);
  });
  return isKnown ? undefined : last;
}

function eventsOf(rows: readonly ResultRow[], accepted: ReadonlyMap<number, string>): ExactEvent[] {
  return rows.slice(1).flatMap((row, i) => {
    const changes = exactChanges(rows[i], row);
    return changes.length > 0 ? [{ before: rows[i], row, changes, accepted: accepted.get(i + 1) }] : [];
  });
}

/** What changed since the last row whose news was heard, unless all of it is accepted. */
function exactNews(
  events: readonly ExactEvent[],
  rows: readonly ResultRow[],
  isHeard: (row: ResultRow) => boolean,
): News[] {
  const heard = rows.slice(0, -1).findLastIndex(isHeard);
  const since = new Set(rows.slice(heard + 1));
  if (heard < 0 || events.every(({ row, accepted }) => !since.has(row) || accepted !== undefined)) return [];
  const changes = exactChanges(rows[heard], rows[rows.length - 1]);
  return changes.length === 0 ? [] : [{ isWorse: changes.some(({ isWorse }) => isWorse), what: 'drift or bytes' }];
}

/** Whether a case that the run before had, ran again: all runs were asked for the same. */
function statusNews(caseId: string, newest: HistoryRun, previous: HistoryRun | undefined): News[] {
  const [row, before] = [newest.rows.get(caseId), previous?.rows.get(caseId)];
  if (row !== undefined && !hasRun(row)) {
    return before !== undefined && hasRun(before)
      ? [{ isWorse: true, what: `was ${before.status}, is ${row.status}: ${row.reason ?? 'no reason given'}` }]
      : [];
  }
  if (row !== undefined && before !== undefined && hasRun(before) && row.input_hash !== before.input_hash)
    return [{ isWorse: false, what: 'has other inputs than the run before, so its history begins anew' }];
  if (row !== undefined) return previous !== undefined && before === undefined ? [{ isWorse: false, what: 'new' }] : [];
  if (before === undefined || !hasRun(before) || newest.missing.has(caseId)) return [];
  return [{ isWorse: true, what: 'vanished' }];
}
