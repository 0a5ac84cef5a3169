// A run: every selected case in its own process, its row on disk before the next one starts.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { backendOf } from '../backends/backend.ts';
import { presets } from '../cases/preset.ts';
import { kernelsDirs, selectCases } from '../cases/select.ts';
import { casesOfShard, parseShard } from '../cases/shard.ts';
import type { BackendStatus } from '../contract/backend.ts';
import type { BrowserChoice } from '../contract/browser.ts';
import type { Budget } from '../contract/budget.ts';
import type { Case } from '../contract/case.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult } from '../contract/case-result.ts';
import { InputError } from '../contract/input-error.ts';
import type { Roofline } from '../contract/roofline.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import type { PresetName } from '../contract/suite.ts';
import type { Technique } from '../contract/technique.ts';
import { ensureUseLiteCache } from '../inputs/use-lite/use-lite-cache-build.ts';
import { probeRoofline } from '../measure/roofline/probe.ts';
import { type ResultRow, rowOf, SCHEMA_VERSION } from '../results/columns.ts';
import { Journal, type SampleRecord } from '../results/journal.ts';
import { type Manifest, readManifest, writeManifest } from '../results/manifest.ts';
import { describeMachine, gitState } from './environment.ts';
import { factsOfCase, type RunState } from './facts-of-case.ts';
import { runIsolated } from './isolate.ts';
import { resultOfError } from './result-of-error.ts';
import { runCase } from './run-case.ts';
import { lockRun } from './run-lock.ts';
import { whyNotMeasured } from './why-not-measured.ts';

export interface RunOptions {
  /** Folder of the results; made where it is missing. */
  readonly out: string;
  readonly debug: boolean;
  /** What cases took before, in s: shards are balanced by it. */
  readonly shardCosts: ReadonlyMap<string, number>;
  readonly signal: AbortSignal;
  /** Told before each case and after it, with its row. */
  readonly onCase: (event: CaseEvent) => void;
  /** Told when the run's files are there. */
  readonly onStart?: (csvPath: string, total: number) => void;
  /** Where cases are measured, where that is not in processes of their own. */
  readonly place?: MeasuringPlace;
}

export interface MeasuringPlace {
  probe(backend: string): Promise<BackendStatus>;
  /** undefined when the run was interrupted. */
  measure(request: CaseRequest, timeoutS: number): Promise<CaseResult | undefined>;
}

export interface CaseEvent {
  readonly case: Case;
  /** Place of the case among those this call runs, from 1. */
  readonly number: number;
  readonly total: number;
  readonly row?: ResultRow;
}

export interface RunOutcome {
  readonly runId: string;
  readonly csvPath: string;
  readonly rows: readonly ResultRow[];
  readonly interrupted: boolean;
  /** Cases without a row: more than 0 only where the run was interrupted. */
  readonly missing: number;
}

/** Begins a run. */
export async function startRun(request: RunArguments, options: RunOptions): Promise<RunOutcome> {
  const { cases } = await selectCases(request);
  if (request.browser.path !== undefined && cases.every(({ backend }) => backendOf(backend).page === undefined)) {
    throw new InputError('--browser: must go with a backend that runs in it, got none; --backend chromium-webgpu');
  }
  const allIds = cases.map((entry) => entry.id);
  const isShard = request.shard !== undefined;
  const ids = isShard ? casesOfShard(allIds, parseShard(request.shard ?? ''), options.shardCosts) : allIds;
  makeResultsFolder(options.out);
  const startedAt = new Date();
  const manifest: Manifest = {
    schema_version: SCHEMA_VERSION,
    run_id: newRunId(startedAt),
    started_at: startedAt.toISOString(),
    state: 'running',
    arguments: request,
    case_ids: ids,
    all_case_ids: isShard ? allIds : undefined,
    machine: { ...describeMachine() },
    backends: {},
  };
  return executeRun(manifest, options);
}

/** Makes the folder of results where it is missing; throws InputError. */
export function makeResultsFolder(out: string): void {
  try {
    makeFolder(resolve(out));
  } catch (error) {
    throw new InputError(
      `--out: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${out}`,
    );
  }
}

/** Level by level: Node's own recursive mkdir never returns where a level can't be made, as under /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** Finishes an interrupted run in the folder it was begun in; `run` is its id. */
export async function resumeRun(run: string, options: RunOptions): Promise<RunOutcome> {
  const begun = readManifest(join(options.out, `${run}.run.json`));
  if (begun.arguments.browser.isVisitor) {
    throw new InputError(`--resume: must name a run of tare run, got ${run} of tare serve, whose browser is gone`);
  }
  return executeRun(begun, options);
}

async function executeRun(begun: Manifest, options: RunOptions): Promise<RunOutcome> {
  const selection = await selectCases(begun.arguments);
  assertCasesExist(begun, selection.cases);
  const path = (kind: string) => join(options.out, `${begun.run_id}.${kind}`);
  const unlock = lockRun(path('lock'));
  const journal = new Journal(path('csv'), path('samples.jsonl'));
  try {
    options.onStart?.(path('csv'), begun.case_ids.length);
    const done = new Set(journal.rows.map((row) => row.case_id));
    const remaining = selection.cases.filter(({ id }) => begun.case_ids.includes(id) && !done.has(id));
    if (remaining.length > 0)
      await runRemaining(begun, remaining, selection.techniques, journal, path('run.json'), options);
  } finally {
    journal.close();
    unlock();
  }
  const missing = begun.case_ids.length - journal.rows.length;
  return { runId: begun.run_id, csvPath: path('csv'), rows: journal.rows, interrupted: missing > 0, missing };
}

function assertCasesExist({ case_ids }: Manifest, cases: readonly Case[]): void {
  const known = new Set(cases.map((entry) => entry.id));
  const gone = case_ids.find((id) => !known.has(id));
  if (gone === undefined) return;
  throw new InputError(`--resume: the run's cases must still exist, got none for ${gone}; start a new run`);
}

/** Runs and records the cases that have no row yet, until all have one or the run is interrupted. */
async function runRemaining(
  begun: Manifest,
  remaining: readonly Case[],
  techniques: ReadonlyMap<string, Technique>,
  journal: Journal,
  manifestPath: string,
  options: RunOptions,
): Promise<void> {
  const statuses = await probeBackends(remaining, begun.arguments.browser, options.place);
  const roofline = begun.roofline ?? (await measureRoofline(begun.arguments.preset, remaining));
  const backends = { ...begun.backends, ...Object.fromEntries(statuses) };
  const manifest: Manifest = { ...begun, state: 'running', backends, roofline };
  writeManifest(manifestPath, manifest);
  if (remaining.some(({ problem }) => problem.weights.startsWith('use-lite/'))) ensureUseLiteCache();
  const state = { ...stateOf(begun), roofline };
  for (const [i, entry] of remaining.entries()) {
    if (options.signal.aborted) break;
    const [technique, status] = [techniques.get(entry.technique), statuses.get(entry.backend)];
    if (technique === undefined || status === undefined) throw new Error(`case: must be known, got ${entry.id}`);
    const position = { case: entry, number: i + 1, total: remaining.length };
    options.onCase(position);
    const startedAt = new Date().toISOString();
    const result = await runOne(entry, status, begun.arguments, options);
    if (result === undefined) break;
    const row = rowOf(factsOfCase(entry, technique, status, startedAt, result, state));
    journal.append(row, samplesOf(entry, result));
    options.onCase({ ...position, row });
  }
  const isFinished = journal.rows.length === begun.case_ids.length;
  writeManifest(manifestPath, {
    ...manifest,
    state: isFinished ? 'finished' : 'interrupted',
    finished_at: isFinished ? new Date().toISOString() : undefined,
  });
}

function stateOf({ run_id, arguments: { threads, shard } }: Manifest): Omit<RunState, 'roofline'> {
  return { runId: run_id, git: gitState(), machine: describeMachine(), threads, shard };
}

/** The smoke preset's rough times are held against nothing, and a GPU's can't be. */
async function measureRoofline(preset: PresetName, cases: readonly Case[]): Promise<Roofline | undefined> {
  const isMeasured = preset !== 'smoke' && cases.some((entry) => backendOf(entry.backend).device === 'cpu');
  return isMeasured ? probeRoofline() : undefined;
}

async function probeBackends(
  cases: readonly Case[],
  browser: BrowserChoice,
  place: MeasuringPlace | undefined,
): Promise<Map<string, BackendStatus>> {
  const statuses = new Map<string, BackendStatus>();
  for (const id of new Set(cases.map((entry) => entry.backend))) {
    statuses.set(id, await (place === undefined ? backendOf(id).probe(browser) : place.probe(id)));
  }
  return statuses;
}

/** The case's result; undefined when the run was interrupted during it. */
async function runOne(
  entry: Case,
  status: BackendStatus,
  { preset, timeout, kernels, inProcess, threads }: RunArguments,
  { debug, signal, place }: RunOptions,
): Promise<CaseResult | undefined> {
  const reason = status.available ? await whyNotMeasured(status, entry) : status.reason;
  if (!status.available || reason !== undefined) return { status: 'skipped', reason };
  const budget: Budget = presets[preset].budget;
  const request: CaseRequest = {
    case: entry,
    budget,
    kernelsDirs: kernelsDirs(kernels),
    threads,
    browser: status.browser,
    debug,
  };
  const timeoutS = timeout ?? presets[preset].timeoutS;
  if (place !== undefined) return place.measure(request, timeoutS).catch(resultOfError);
  if (inProcess) return runCase(request).catch(resultOfError);
  return runIsolated(request, {
    execArgv: backendOf(entry.backend).execArgv ?? [],
    timeoutS,
    env: status.env,
    debug,
    signal,
  });
}

function samplesOf(entry: Case, { samples }: CaseResult): SampleRecord | undefined {
  if (samples === undefined) return undefined;
  const rounded = (rounds: readonly (readonly number[])[]) => rounds.map((round) => round.map(Math.round));
  return {
    case_id: entry.id,
    candidate_ns: rounded(samples.candidate.rounds),
    baseline_ns: rounded(samples.baseline.rounds),
  };
}

/** Sorts by time and is safe in file names: 2031-05-04T03-02-01-7f3a. */
function newRunId(now: Date): string {
  const random = Math.floor(Math.random() * 2 ** 16);
  return `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-${random.toString(16).padStart(4, '0')}`;
}
