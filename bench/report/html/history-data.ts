// A history as the page draws it: runs, cases with what changed of them, and their figures in columns, case by case.
import { machineOf } from '../../judge/machine-of.ts';
import { machineEvents, type Told, toldBy, toldOf } from '../../judge/told.ts';
import { latestHistory, type TrackedCase } from '../../judge/track.ts';
import type { ResultRow } from '../../results/columns.ts';
import { describeEvent, type HistoryEvent } from '../../results/events.ts';
import type { History, HistoryRun } from '../../results/history.ts';
import { backendLabel, problemTitle, techniqueLabel } from '../../results/row-labels.ts';
import { describeCommit } from '../compare-notes.ts';
import { describeExact, describeLevel, verdictOf } from '../track-report.ts';
import type { Columns } from './packed-data.ts';

export interface HistoryData {
  readonly runs: readonly ShownRun[];
  readonly cases: readonly ShownCase[];
}

export interface ShownRun {
  readonly id: string;
  readonly startedAt: string;
  readonly commit: string;
}

export interface ShownCase {
  readonly id: string;
  readonly technique: string;
  readonly problem: string;
  readonly backend: string;
  readonly verdict: string;
  /** Runs on the machine and with the inputs of the latest one. */
  readonly count: number;
  readonly levels: readonly ShownLevel[];
  /** Changes of drift or bytes, which have no noise. */
  readonly exact: readonly ShownChange[];
  /** What the newest run shows for the first time, but for levels and exact changes. */
  readonly news: readonly string[];
  readonly doubt?: string;
  /** What people said of it, oldest first. */
  readonly told: readonly ShownEvent[];
  /** Standard deviation of log(speed-up) around its levels; missing below three runs. */
  readonly noise?: number;
  /** Last change of level over the noise. */
  readonly ratio?: number;
}

/** Change of level of the speed-up. */
export interface ShownLevel {
  /** Index of the first run of the new level. */
  readonly run: number;
  readonly before: number;
  readonly after: number;
  readonly text: string;
}

export interface ShownChange {
  readonly run: number;
  readonly isWorse: boolean;
  readonly text: string;
}

export interface ShownEvent {
  /** Index of the first run from then on; the last one's where there is none. */
  readonly run: number;
  readonly text: string;
}

/** By the names of FIGURES, each of as many values as cases times runs; not a number where a run has none. */
export interface HistoryFigures {
  readonly data: HistoryData;
  readonly columns: Columns;
}

const FIGURES = {
  speedup: ({ speedup }) => speedup,
  low: ({ speedup_ci95_low }) => speedup_ci95_low,
  high: ({ speedup_ci95_high }) => speedup_ci95_high,
  p20_ns: ({ p20_ns }) => p20_ns,
  sqnr_db: ({ sqnr_db }) => sqnr_db,
  bytes: ({ stored_bytes }) => stored_bytes,
} as const satisfies Record<string, (row: ResultRow) => number | undefined>;
export type FigureName = keyof typeof FIGURES;

export function historyData(
  { runs, events }: Pick<History, 'runs' | 'events'>,
  tracked: readonly TrackedCase[],
): HistoryFigures {
  const told = toldBy(events, []);
  const indices = new Map(runs.map(({ id }, i) => [id, i]));
  const names = Object.keys(FIGURES) as FigureName[];
  const columns = Object.fromEntries(
    names.map((name) => [name, new Float32Array(tracked.length * runs.length).fill(Number.NaN)]),
  );
  const cases = tracked.map((each, i) => {
    const rows = latestHistory(runs, each.caseId).map((row) => ({ row, run: indices.get(row.run_id ?? '') ?? 0 }));
    for (const { row, run } of rows) {
      for (const name of names) columns[name][i * runs.length + run] = FIGURES[name](row) ?? Number.NaN;
    }
    return { ...shownCase(each, rows, indices), told: shownEvents(each, runs, told) };
  });
  return { data: { runs: runs.map(shownRun), cases }, columns };
}

function shownRun({ id, startedAt, rows }: HistoryRun): ShownRun {
  const [first = {}] = rows.values();
  return { id, startedAt, commit: describeCommit(first) };
}

/** By a text that is in the order of time. */
export function toldText(event: HistoryEvent): string {
  return `${event.at.slice(0, 10)} ${describeEvent(event)}`;
}

function shownEvents({ caseId, row }: TrackedCase, runs: readonly HistoryRun[], told: Told): ShownEvent[] {
  const { accepts, silences, notes } = toldOf(caseId, told);
  const machines = machineEvents(told, ALWAYS, machineOf(row));
  const own = [...accepts, ...silences, ...notes, ...machines].toSorted((a, b) => (a.at < b.at ? -1 : 1));
  return own.map((event) => {
    const run = runs.findIndex(({ startedAt }) => startedAt >= event.at);
    return { run: run < 0 ? runs.length - 1 : run, text: toldText(event) };
  });
}

/** After every time that can be written. */
const ALWAYS = '~';

interface PlacedRow {
  readonly row: ResultRow;
  readonly run: number;
}

function shownCase(
  tracked: TrackedCase,
  rows: readonly PlacedRow[],
  indices: ReadonlyMap<string, number>,
): Omit<ShownCase, 'told'> {
  const { caseId, row, runs, levels, events, news, doubt } = tracked;
  const runOf = ({ run_id = '' }: ResultRow) => indices.get(run_id) ?? 0;
  const noise = noiseAround(
    rows,
    levels.map(({ began }) => runOf(began)),
  );
  const last = levels.at(-1);
  const change = last === undefined ? undefined : Math.abs(Math.log(last.newSpeedup / last.oldSpeedup));
  return {
    id: caseId,
    technique: techniqueLabel(row),
    problem: problemTitle(row),
    backend: backendLabel(row),
    verdict: verdictOf(tracked),
    count: runs,
    levels: levels.map((level) => ({
      run: runOf(level.began),
      before: level.oldSpeedup,
      after: level.newSpeedup,
      text: describeLevel(level),
    })),
    exact: events.map((event) => ({
      run: runOf(event.row),
      isWorse: event.changes.some(({ isWorse }) => isWorse),
      text: describeExact(event),
    })),
    news: news.flatMap(({ what }) => (what === 'speed' || what === 'drift or bytes' ? [] : [what])),
    doubt,
    noise,
    ratio: change === undefined || noise === undefined ? undefined : change / noise,
  };
}

/** Whatever agrees to less than this does so by luck. */
const LEAST_NOISE = 0.001;

function noiseAround(rows: readonly PlacedRow[], starts: readonly number[]): number | undefined {
  const timed = rows.flatMap(({ row, run }) =>
    row.speedup === undefined || row.speedup <= 0 ? [] : [{ log: Math.log(row.speedup), run }],
  );
  const levels = [...Map.groupBy(timed, ({ run }) => starts.findLastIndex((start) => start <= run)).values()];
  const free = timed.length - levels.length;
  if (free < 2) return undefined;
  const squares = levels.flatMap((level) => {
    const mean = level.reduce((sum, { log }) => sum + log, 0) / level.length;
    return level.map(({ log }) => (log - mean) ** 2);
  });
  return Math.max(LEAST_NOISE, Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / free));
}
