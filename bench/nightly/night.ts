// One night on one machine that nobody watches, a straight line: lock → go on or begin → run → join the history → judge →
// report → tell. Each step can be repeated: whatever a kill leaves undone, the next start does.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { visibleSentence } from '../contract/visible-text.ts';
import { gitState } from '../run/git-state.ts';
import { describeHolder } from '../run/lock.ts';
import { makeResultsFolder, type RunOptions, resumeRun, startRun } from '../run/run.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import { clockNote } from './clock-note.ts';
import { judgeNights } from './judge-nights.ts';
import { lockNight } from './night-lock.ts';
import { appendNight, readNights, type Told } from './nights.ts';
import { joinHistory, takeUnfinished, underWayFolder } from './under-way.ts';
import { type Patience, postWebhook } from './webhook.ts';

export interface NightOptions extends Omit<RunOptions, 'out'> {
  /** Folder of the history; made where it is missing. */
  readonly history: string;
  readonly asked: RunArguments;
  /** Only what an interrupted night left undone. */
  readonly onlyUnfinished: boolean;
  /** Writes the page of the newest run and its history. */
  readonly report: (csv: string, history: string) => Promise<void>;
  readonly webhook: URL | undefined;
  readonly patience?: Patience;
  /** Told what a person should know, in a sentence each. */
  readonly say: (what: string) => void;
}

export interface NightOutcome {
  readonly state: 'done' | 'interrupted' | 'under way' | 'nothing to do';
  /** Of the nights that were judged now, oldest first. */
  readonly told: readonly Told[];
  /** What went wrong beside the measuring. */
  readonly failures: readonly string[];
}

/** Throws InputError where the folder can't be written or nothing can be measured. */
export async function spendNight(options: NightOptions): Promise<NightOutcome> {
  const { history, say, signal } = options;
  makeResultsFolder(underWayFolder(history), '--history');
  const lock = await lockNight(join(history, 'nightly.lock'), { signal, say });
  if (lock.release === undefined) {
    say(`a night is under way already: ${describeHolder(lock.holder)}`);
    return { state: 'under way', told: [], failures: [] };
  }
  try {
    return await spendLocked(options);
  } finally {
    lock.release();
  }
}

async function spendLocked(options: NightOptions): Promise<NightOutcome> {
  const { history, say, onlyUnfinished, asked } = options;
  const clock = clockNote(history, Date.now());
  if (clock !== undefined) say(clock);
  const { runId, notes } = takeUnfinished(history, { asked, commit: gitState()?.commit, nowMs: Date.now() });
  for (const note of notes) say(note);
  const outcome = runId !== undefined ? await goOn(runId, options) : onlyUnfinished ? undefined : await begin(options);
  if (outcome?.interrupted) return { state: 'interrupted', told: [], failures: [] };
  if (outcome !== undefined) joinHistory(history, outcome.runId);
  const told = judgeNights(history, { runId: outcome?.runId, say });
  const failures = [...(await writeReport(told, options)), ...(await tellWebhook(options))];
  return { state: outcome === undefined && told.length === 0 ? 'nothing to do' : 'done', told, failures };
}

function begin(options: NightOptions): Promise<RunOutcome> {
  return startRun(options.asked, { ...options, out: underWayFolder(options.history) });
}

/** What can't be gone on with, since its cases or weights are others by now, leaves its rows and the night to a new run. */
async function goOn(runId: string, options: NightOptions): Promise<RunOutcome | undefined> {
  const { history, say, onlyUnfinished } = options;
  say(`goes on with ${runId}`);
  try {
    return await resumeRun(runId, { ...options, out: underWayFolder(history) });
  } catch (error) {
    if (!(error instanceof InputError) || !error.message.startsWith('--resume:')) throw error;
    say(`${error.message}; ${joinHistory(history, runId)}`);
    return onlyUnfinished ? undefined : begin(options);
  }
}

async function writeReport(told: readonly Told[], { history, report }: NightOptions): Promise<string[]> {
  const newest = told.at(-1);
  if (newest === undefined) return [];
  try {
    await report(join(history, `${newest.run_id}.csv`), history);
    return [];
  } catch (error) {
    return [`report: ${visibleSentence(error instanceof Error ? error.message : String(error))}`];
  }
}

/** Of the nights the webhook was not told of: those of now, and those it failed at before. */
async function tellWebhook({ history, webhook, patience, signal }: NightOptions): Promise<string[]> {
  if (webhook === undefined) return [];
  const failures: string[] = [];
  for (const night of readNights(history).unsent) {
    const { run_id, exit_code, summary, alerts } = night;
    const body = { text: summary, run_id, host: hostname(), exit_code, summary, alerts };
    const reason = await postWebhook(webhook, { id: run_id, body }, signal, patience);
    const at = new Date().toISOString();
    appendNight(history, { run_id, at, webhook: reason === undefined ? 'sent' : 'failed', reason });
    if (reason === undefined) continue;
    failures.push(`webhook: ${reason}; the next night tells it again`);
    break;
  }
  return failures;
}
