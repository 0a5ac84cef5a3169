// What `tare track` says of a history.

import { matchesFilter } from '../contract/case-filter.ts';
import { counted } from '../contract/counted.ts';
import { hasRun } from '../judge/compare.ts';
import { machineOf } from '../judge/machine-of.ts';
import { type ExactEvent, type LevelChange, NIGHTS_TO_SEE, type TrackedCase } from '../judge/track.ts';
import type { ResultRow } from '../results/columns.ts';
import { describeEvent, type HistoryEvent } from '../results/events.ts';
import { describeChange } from '../results/exact-change.ts';
import type { History, HistoryRun } from '../results/history.ts';
import { backendLabel, isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { describeCommit, environmentChanges, WANTED } from './compare-notes.ts';
import { percent } from './percent.ts';
import type { Alert, ReportLine, VerdictReport } from './verdict-report.ts';

export function trackReport(cases: readonly TrackedCase[], history: History, all: boolean): VerdictReport {
  const shown = cases.filter(({ levels, events, news }) => all || levels.length + events.length + news.length > 0);
  const notes = [...history.notes, ...notesOn(cases, history.runs)];
  return {
    title: 'tare track',
    sections: [...Map.groupBy(shown, ({ row }) => problemTitle(row))].map(([title, group]) => ({
      title,
      headings: ['technique', 'backend', 'verdict', 'began', 'change', 'runs'],
      lines: group.map((tracked) => lineOf(tracked, history.events)),
    })),
    notes,
    alerts: cases.flatMap(alertsOf),
    records: cases.flatMap(recordsOf),
    data: { runs: history.runs.map(({ id }) => id), notes, cases: cases.map(dataOf) },
  };
}

/** `newly`: the newest run shows it for the first time. */
export function verdictOf({ levels, news, doubt, silence }: TrackedCase): string {
  const level = levels.at(-1);
  if (silence !== undefined) return 'silenced';
  if (news.length > 0) return news.some(({ isWorse }) => isWorse) ? 'newly worse' : 'newly better';
  if (doubt !== undefined) return 'inconclusive';
  if (level === undefined) return 'steady';
  if (level.accepted !== undefined) return 'accepted';
  return level.newSpeedup < level.oldSpeedup ? 'worse' : 'better';
}

function lineOf(tracked: TrackedCase, told: readonly HistoryEvent[]): ReportLine {
  const level = tracked.levels.at(-1);
  const event = tracked.events.at(-1);
  const said = tracked.news.filter(({ what }) => what !== 'speed' && what !== 'drift or bytes').map(({ what }) => what);
  const isOnlyNew = said.length > 0 && said.every((what) => what === 'new');
  return {
    cells: [
      techniqueLabel(tracked.row),
      backendLabel(tracked.row),
      isOnlyNew ? 'new' : verdictOf(tracked),
      level === undefined ? '' : dateOf(level.began),
      level === undefined ? '' : percent(Math.log(level.newSpeedup / level.oldSpeedup)),
      String(tracked.runs),
    ],
    details: [
      ...(isOnlyNew ? [] : said),
      ...(tracked.doubt === undefined ? [] : [tracked.doubt]),
      ...(tracked.silence === undefined ? [] : [describeEvent(tracked.silence)]),
      ...(level === undefined ? [] : [describeLevel(level), ...saidAround(level, tracked.caseId, told)]),
      ...(event === undefined ? [] : [describeExact(event)]),
    ],
  };
}

function dateOf({ started_at = '' }: ResultRow): string {
  return started_at.slice(0, 10);
}

export function describeLevel({ before, began, oldSpeedup, newSpeedup, runs, accepted }: LevelChange): string {
  const changed = environmentChanges(before, began);
  return [
    ...acceptedAs(accepted),
    `${oldSpeedup.toPrecision(3)}x → ${newSpeedup.toPrecision(3)}x since ${dateOf(began)} (${counted(runs, 'run')}), ${commitsAround(before, began)}`,
    ...changed,
  ].join('; ');
}

/** What people noted between the last run of the old level and the first of the new one. */
function saidAround({ before, began }: LevelChange, caseId: string, told: readonly HistoryEvent[]): string[] {
  const notes = told.filter(
    (event) =>
      (event.kind === 'note' && (event.cases === undefined || matchesFilter(caseId, event.cases))) ||
      event.kind === 'machine',
  );
  const [from, to] = [dateOf(before), dateOf(began)];
  const between = notes.filter(({ at }) => from <= at.slice(0, from.length) && at.slice(0, to.length) <= to);
  return between.map((event) => `${event.at.slice(0, from.length)} ${describeEvent(event)}`);
}

function acceptedAs(reason: string | undefined): string[] {
  return reason === undefined ? [] : [`accepted, ${reason}`];
}

export function describeExact({ before, row, changes, accepted }: ExactEvent): string {
  return `${acceptedAs(accepted).map((reason) => `${reason}; `)}${changes.map(describeChange).join(', ')} on ${dateOf(row)}, ${commitsAround(before, row)}`;
}

/** As `git log` takes them. */
function commitsAround(before: ResultRow, began: ResultRow): string {
  if (before.git_commit === undefined || began.git_commit === undefined) return 'commits unknown';
  const [from, to] = [describeCommit(before), describeCommit(began)];
  return from === to ? `no commit between (${to})` : `commits ${from}..${to}`;
}

function alertsOf({ caseId, levels, events, news }: TrackedCase): Alert[] {
  return news.map(({ isWorse, what }) => {
    const level = levels.at(-1);
    const event = events.at(-1);
    const said =
      what === 'speed' && level !== undefined
        ? describeLevel(level)
        : what === 'drift or bytes' && event !== undefined
          ? describeExact(event)
          : what;
    return { level: isWorse ? 'error' : 'warning', message: `${caseId}: ${said}` };
  });
}

/** One record a change, and one of no change for a steady case. */
function recordsOf(tracked: TrackedCase) {
  const { caseId, row, runs, levels, events, news } = tracked;
  const least = leastSeen(tracked);
  const common = {
    case_id: caseId,
    machine: machineOf(row),
    runs,
    least_change_seen: least,
    verdict: verdictOf(tracked),
  };
  const changes = [
    ...levels.map((level) => ({ kind: 'speed', ...around(level.before, level.began), ...ratioOf(level) })),
    ...events.flatMap(({ before, row: first, changes: exact }) =>
      exact.map(({ column, base, head }) => ({ kind: column, ...around(before, first), old: base, new: head })),
    ),
    ...news.filter(({ what }) => what !== 'speed' && what !== 'drift or bytes').map(({ what }) => ({ kind: what })),
  ];
  const blank = { kind: undefined, began: undefined, commit_before: undefined, commit: undefined, old: undefined };
  const full = changes.length > 0 ? changes : [{}];
  return full.map((change) => ({ ...common, ...blank, new: undefined, p: undefined, ...change }));
}

/** As a share of the speed-up; empty where no change would be seen so soon. */
function leastSeen({ detectable }: TrackedCase): number | undefined {
  return Number.isFinite(detectable) ? Math.expm1(detectable) : undefined;
}

function around(before: ResultRow, began: ResultRow) {
  return { began: began.started_at, commit_before: before.git_commit, commit: began.git_commit };
}

function ratioOf({ oldSpeedup, newSpeedup, p }: LevelChange) {
  return { old: oldSpeedup, new: newSpeedup, p };
}

function dataOf(tracked: TrackedCase) {
  const { caseId, row, runs, levels, events, news, doubt, silence } = tracked;
  return {
    case_id: caseId,
    machine: machineOf(row),
    runs,
    verdict: verdictOf(tracked),
    news,
    doubt,
    least_change_seen: leastSeen(tracked),
    silenced_until: silence?.until,
    levels: levels.map((level) => ({
      ...around(level.before, level.began),
      ...ratioOf(level),
      runs: level.runs,
      accepted: level.accepted,
    })),
    events: events.map(({ before, row: first, changes, accepted }) => ({
      ...around(before, first),
      changes,
      accepted,
    })),
  };
}

/** Below it not even a step without noise can be told. */
const MIN_RUNS = 6;

export function notesOn(cases: readonly TrackedCase[], runs: readonly HistoryRun[]): string[] {
  const newest = runs[runs.length - 1];
  const worse = cases.filter(({ news }) => news.some(({ isWorse }) => isWorse)).length;
  const better = cases.filter(({ news }) => news.length > 0 && !news.some(({ isWorse }) => isWorse)).length;
  const ended = cases.filter(
    ({ caseId, news }) => !newest.rows.has(caseId) && !newest.leftOut.has(caseId) && news.length === 0,
  ).length;
  const short = cases.filter(({ runs: count }) => count < MIN_RUNS).length;
  return [
    `${counted(runs.length, 'run')} from ${runs[0].startedAt.slice(0, 10)} to ${newest.startedAt.slice(0, 10)}, newest ${newest.id}`,
    ...interruptedNotes(runs),
    ...budgetNotes(newest),
    ...gapNotes(runs),
    ...machineNotes(runs),
    ...(ended > 0 ? [`${counted(ended, 'case is', 'cases are')} not among the newest run's, and not judged`] : []),
    ...[...Map.groupBy(cases, ({ doubt }) => doubt)].flatMap(([doubt, group]) =>
      doubt === undefined ? [] : [`inconclusive (${group.length}): ${doubt}`],
    ),
    ...powerNotes(cases, newest),
    ...(short > 0
      ? [`${counted(short, 'case has', 'cases have')} fewer than ${MIN_RUNS} runs, too few for a change of level`]
      : []),
    ...toldNotes(cases),
    `${counted(cases.length, 'case')}: the newest run shows ${worse} newly worse, ${better} newly better or new`,
  ];
}

function toldNotes(cases: readonly TrackedCase[]): string[] {
  const silenced = cases.filter(({ silence }) => silence !== undefined).length;
  return silenced > 0 ? [`news of ${silenced} of ${counted(cases.length, 'case')} is silenced (tare event list)`] : [];
}

function powerNotes(cases: readonly TrackedCase[], newest: HistoryRun): string[] {
  const judged = cases.filter(({ caseId, row }) => newest.rows.has(caseId) && hasRun(row) && !isBaseline(row));
  if (judged.length === 0) return [];
  const seen = judged.filter(({ detectable }) => detectable <= Math.log1p(WANTED)).length;
  return [
    `a change of ${WANTED * 100} % would be seen within ${NIGHTS_TO_SEE} more runs in ${seen} of ${counted(judged.length, 'case')}, nine times in ten`,
  ];
}

function interruptedNotes(runs: readonly HistoryRun[]): string[] {
  const lost = ({ missing, leftOut }: HistoryRun) => missing.size - leftOut.size;
  return runs.flatMap((run) =>
    lost(run) > 0
      ? [
          `${run.id} was interrupted: ${lost(run)} of its ${counted(run.rows.size + run.missing.size, 'case')} did not come to a row`,
        ]
      : [],
  );
}

function budgetNotes({ rows, leftOut }: HistoryRun): string[] {
  if (leftOut.size === 0) return [];
  return [
    `the newest run left out ${leftOut.size} of ${counted(rows.size + leftOut.size, 'case')}, for want of time or of a shard; of these there is no news`,
  ];
}

/** A pause this many times the usual one is told. */
const LONG_PAUSE = 1.9;

/** Of runs in the order of their clocks, without those whose clock went ahead. */
function gapNotes(runs: readonly HistoryRun[]): string[] {
  const { startedAt: last } = runs[runs.length - 1];
  const dates = runs
    .map(({ startedAt }) => startedAt)
    .filter((date) => date <= last)
    .toSorted();
  const pauses = dates.slice(1).map((date, i) => Date.parse(date) - Date.parse(dates[i]));
  const usual = pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)];
  const long = pauses.flatMap((pause, i) => (pauses.length >= 3 && pause > LONG_PAUSE * usual ? [i] : []));
  if (long.length === 0) return [];
  const [from, to] = dates.slice(long[long.length - 1]).map((date) => date.slice(0, 10));
  return [`runs are missing ${long.length === 1 ? 'once' : `${long.length} times`}, last between ${from} and ${to}`];
}

function machineNotes(runs: readonly HistoryRun[]): string[] {
  const used = runs.map(
    ({ rows }) => new Set([...rows.values()].filter(({ device }) => device !== 'gpu').map(machineOf)),
  );
  const names = used.map((machines) => [...machines].toSorted().join(' and '));
  const distinct = new Set(names.filter(Boolean));
  if (distinct.size < 2) return [];
  const newest = names[names.length - 1];
  const own = names.filter((name) => name === newest).length;
  return [
    `machines differ, and each has a history of its own: the newest run's, ${newest}, has ${own} of ${counted(runs.length, 'run')}`,
  ];
}
