// Makes a history of real runs of this commit: one after another, four of ten beside a load that comes and goes. Runs that
// are there are kept, so it goes on where it was interrupted.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { shardCosts } from '../../api/shard-costs.ts';
import { DEFAULT_SEED } from '../../contract/case.ts';
import { InputError } from '../../contract/input-error.ts';
import type { RunArguments } from '../../contract/run-arguments.ts';
import { describeMachine, loadAverage } from '../../run/environment.ts';
import { type GitState, gitState } from '../../run/git-state.ts';
import { startRun } from '../../run/run.ts';
import type { RunOutcome } from '../../run/run-outcome.ts';
import { seededRandom, shuffled } from '../../statistics/random.ts';
import { besideSpells } from './busy-spells.ts';
import {
  assertOfCommit,
  type HistoryDescription,
  isRecorded,
  readDescription,
  writeDescription,
  writeRecordedRun,
} from './recorded-history.ts';

const PRESET = 'quick';
const BACKENDS = ['ts', 'wasm', 'wasm-mt', 'gpujs-cpu', 'gpujs-webasm'];
const SHARE_BESIDE_LOAD = 0.4;
/** Of which runs are beside a load, and of its spells. */
const SEED = 1;

/** Told after each run. */
export type OnRun = (line: string) => void;

/** Makes the runs that the folder lacks. Throws InputError where they could not be of one history with those it has. */
export async function recordHistory(folder: string, count: number, signal: AbortSignal, onRun: OnRun): Promise<void> {
  const { description, missing } = planRecording(folder, count, gitState());
  for (const number of missing) {
    if (signal.aborted) return;
    const { file, beside_load } = description.runs[number - 1];
    const start = performance.now();
    const load = loadAverage();
    const rows = await measureRun(beside_load ? seededRandom(SEED, number) : undefined, signal);
    if (rows === undefined) return;
    assertOfCommit(rows, description.commit, `--record: run ${number}`);
    writeRecordedRun(folder, file, rows);
    onRun(
      `run ${number} of ${description.runs.length}: ${rows.length} rows, ${Math.round((performance.now() - start) / 1000)} s, load ${load.toFixed(1)} before it${beside_load ? ', beside a load that came and went' : ''}`,
    );
  }
}

/** What the history is and the numbers of the runs that it lacks, from 1. Makes its description where there is none. */
export function planRecording(folder: string, count: number, git: GitState | undefined) {
  const begun = readDescription(folder);
  const files = Array.from({ length: count }, (_, i) => `run-${String(i + 1).padStart(2, '0')}.csv.gz`);
  const missing = files.flatMap((file, i) => (isRecorded(folder, file) ? [] : [i + 1]));
  if (begun !== undefined && missing.length === 0) return { description: begun, missing };
  const description = describeRecording(files, git);
  if (begun === undefined) writeDescription(folder, description);
  else assertSameHistory(folder, begun, description);
  return { description, missing };
}

function describeRecording(files: readonly string[], git: GitState | undefined): HistoryDescription {
  if (git === undefined || git.dirty)
    throw new InputError(
      `--record: must be in a git checkout without changes, got ${git === undefined ? 'none' : 'changes'}; commit them`,
    );
  const besideLoad = shuffled(files, seededRandom(SEED)).slice(0, Math.round(SHARE_BESIDE_LOAD * files.length));
  return {
    commit: git.commit,
    machine: describeMachine(),
    preset: PRESET,
    backends: BACKENDS,
    threads: availableParallelism(),
    runs: files.map((file) => ({ file, beside_load: besideLoad.includes(file) })),
  };
}

function assertSameHistory(folder: string, begun: HistoryDescription, now: HistoryDescription): void {
  const other = (Object.keys(now) as (keyof HistoryDescription)[]).find(
    (key) => !isDeepStrictEqual(begun[key], now[key]),
  );
  if (other === undefined) return;
  const [was, is] = [begun, now].map((description) =>
    other === 'runs' ? description.runs.length : JSON.stringify(description[other]),
  );
  throw new InputError(
    `--record: ${basename(folder)} was begun with ${other} ${was}, got ${is}; go on as it was begun, or choose another name`,
  );
}

/** Undefined where it was interrupted. */
async function measureRun(spells: ReturnType<typeof seededRandom> | undefined, signal: AbortSignal) {
  const out = mkdtempSync(join(tmpdir(), 'tare-history-'));
  const measure = () =>
    startRun(REQUEST, { out, debug: false, shardCosts: shardCosts(undefined), signal, onCase: () => {} });
  try {
    const outcome: RunOutcome = await (spells === undefined ? measure() : besideSpells(spells, measure));
    return outcome.interrupted ? undefined : outcome.rows;
  } finally {
    rmSync(out, { recursive: true });
  }
}

const REQUEST: RunArguments = {
  preset: PRESET,
  suite: [],
  technique: [],
  backend: BACKENDS,
  filter: [],
  kernels: [],
  seed: DEFAULT_SEED,
  inProcess: false,
  threads: availableParallelism(),
  browser: { headed: false },
};
