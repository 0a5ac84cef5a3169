// What the runs of a history come to that were not judged yet, each as it was the newest: usually one.

import { join } from 'node:path';
import { counted } from '../contract/counted.ts';
import { InputError } from '../contract/input-error.ts';
import { hasRun } from '../judge/compare.ts';
import { toldBy } from '../judge/told.ts';
import { type TrackedCase, trackHistory } from '../judge/track.ts';
import { trackReport } from '../report/track-report.ts';
import { failureReason, isFailure } from '../results/failure.ts';
import { type History, type HistoryRun, readHistory } from '../results/history.ts';
import { duration } from '../run/describe-plan.ts';
import { knownCommits } from '../run/git-state.ts';
import { appendNight, readNights, type Told } from './nights.ts';

export interface JudgeOptions {
  /** The run of this night; missing where none was made. */
  readonly runId: string | undefined;
  readonly say: (what: string) => void;
}

/** Judges them and notes that they were; nothing where the history holds no run. */
export function judgeNights(folder: string, options: JudgeOptions): Told[] {
  const commits = knownCommits();
  const history = historyOf(folder, commits, options);
  if (history === undefined) return [];
  const known = new Set(readNights(folder).told.map(({ run_id }) => run_id));
  const { runs } = history;
  const lastKnown = runs.findLastIndex(({ id }) => known.has(id));
  // Of a history that was made without nights, the newest run only.
  const from = lastKnown < 0 ? runs.length - 1 : lastKnown + 1;
  const told = toldBy(history.events, commits);
  for (const note of from < runs.length ? [...history.notes, ...told.notes] : []) options.say(note);
  return runs.slice(from).map((run, i) => {
    const until = runs.slice(0, from + i + 1);
    const cases = trackHistory(until, undefined, told);
    const { alerts } = trackReport(cases, { ...history, runs: until }, false);
    const isBad = alerts.some(({ level }) => level === 'error') || [...run.rows.values()].some(isFailure);
    const night: Told = {
      run_id: run.id,
      at: new Date().toISOString(),
      exit_code: isBad ? 1 : 0,
      summary: summarise(run, cases, alerts, until.length),
      alerts: [...alerts],
    };
    appendNight(folder, night);
    return night;
  });
}

/** A run that is like no other in its folder, as after its arguments changed, is judged by itself. */
function historyOf(folder: string, commits: readonly string[], { runId, say }: JudgeOptions): History | undefined {
  const surroundings = { nowMs: Date.now(), commits };
  try {
    return readHistory([folder], surroundings);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (runId === undefined) return undefined;
    say(`judged by itself: ${error.message}`);
    return readHistory([join(folder, `${runId}.csv`)], surroundings);
  }
}

const MOST_NAMED = 3;

function summarise(
  run: HistoryRun,
  cases: readonly TrackedCase[],
  alerts: Told['alerts'] | readonly Told['alerts'][number][],
  nights: number,
): string {
  const rows = [...run.rows.values()];
  const measured = rows.filter(hasRun).length;
  const failed = rows.filter(isFailure);
  const tookS = rows.reduce((sum, { took_s = 0 }) => sum + took_s, 0);
  const lost = run.missing.size - run.leftOut.size;
  const named = (messages: readonly string[]) =>
    `${messages.slice(0, MOST_NAMED).join('; ')}${messages.length > MOST_NAMED ? `; and ${messages.length - MOST_NAMED} more` : ''}`;
  const worse = alerts.filter(({ level }) => level === 'error').map(({ message }) => message);
  const others = alerts.length - worse.length;
  const silenced = cases.filter(({ silence }) => silence !== undefined).length;
  return [
    `Night of ${run.startedAt.slice(0, 10)} (${run.id}, commit ${run.commit?.slice(0, 8) ?? 'unknown'}): ${measured} of ${counted(rows.length + run.missing.size, 'case')} measured in ${duration(tookS)}`,
    run.leftOut.size > 0 ? `, ${run.leftOut.size} left out` : '',
    lost > 0 ? `, ${lost} not come to` : '',
    failed.length > 0
      ? `, ${failed.length} failed (${named(failed.map((row) => `${row.case_id}: ${failureReason(row)}`))})`
      : ', none failed',
    worse.length > 0 ? `. Newly worse: ${worse.length} (${named(worse)})` : '. Nothing is newly worse',
    others > 0 ? `, ${others} newly better or new` : '',
    silenced > 0 ? `, ${silenced} silenced` : '',
    `, over ${counted(nights, 'run')}.`,
  ].join('');
}
