// A run, new or resumed: its files, what is known of its machine, and then its cases.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { byNeed, type CaseRecord, moreTimes } from '../cases/order-of-need.ts';
import { type Selection, selectCases } from '../cases/select.ts';
import type { Case } from '../contract/case.ts';
import { InputError } from '../contract/input-error.ts';
import type { Machine } from '../contract/machine.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import type { Technique } from '../contract/technique.ts';
import { archivedCsv } from '../results/archived-csvs.ts';
import type { ResultRow } from '../results/columns.ts';
import { Journal } from '../results/journal.ts';
import { type Manifest, readManifest, writeManifest } from '../results/manifest.ts';
import { PassLog, type PassRecord } from '../results/pass-log.ts';
import { quantile } from '../statistics/quantile.ts';
import { disturbances } from './busy-machine.ts';
import type { CaseEvent } from './case-event.ts';
import { describePlan } from './describe-plan.ts';
import { loadAverage } from './environment.ts';
import { type MeasuringPlace, measureCases } from './measure-cases.ts';
import { assertSameWeights, newRun } from './new-run.ts';
import { prepareRun } from './prepare-run.ts';
import { lockRun } from './run-lock.ts';
import type { RunOutcome } from './run-outcome.ts';

export interface RunOptions {
  /** Folder of the results; made where it is missing. */
  readonly out: string;
  readonly debug: boolean;
  /** What cases took before, in s: shards are balanced by it. */
  readonly shardCosts: ReadonlyMap<string, number>;
  /** What cases are likely to take with the effort of this run, in s, as far as that is known. */
  readonly costs?: ReadonlyMap<string, number>;
  /** What earlier runs say of cases; asked for where there is a time budget, which goes to those that tell most. */
  readonly known?: () => ReadonlyMap<string, CaseRecord>;
  /** Told how long the run is likely to take, before it starts. */
  readonly onPlan?: (what: string) => void;
  readonly signal: AbortSignal;
  /** Told before each pass of a case and after it. */
  readonly onCase: (event: CaseEvent) => void;
  /** Told what a case is at where that takes long. */
  readonly onStage?: (what: string) => void;
  /** Told what is done before the first case, and takes a while. */
  readonly onPhase?: (what: string) => void;
  /** Told what disturbs the run, what was left out of it and what was mended, in a sentence each. */
  readonly onWarning?: (what: string) => void;
  /** Told when the run's files are there. */
  readonly onStart?: (csvPath: string, total: number) => void;
  /** Where cases are measured, where that is not in processes of their own. */
  readonly place?: MeasuringPlace;
  /** The machine that place is on, where that is another than this one. */
  readonly machine?: Machine;
}

/** Begins a run. */
export async function startRun(request: RunArguments, options: RunOptions): Promise<RunOutcome> {
  const manifest = await newRun(request, options.shardCosts, options.machine);
  makeResultsFolder(options.out);
  return executeRun(manifest, options);
}

/** Makes the folder of results where it is missing; throws InputError that names the flag. */
export function makeResultsFolder(out: string, flag = '--out'): void {
  try {
    makeFolder(resolve(out));
  } catch (error) {
    throw new InputError(
      `${flag}: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${out}`,
    );
  }
  if (!statSync(out).isDirectory())
    throw new InputError(`${flag}: must be a folder tare can write, got a file, ${out}`);
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
  assertSameWeights(begun, '--resume');
  assertNotArchived(run, options.out);
  return executeRun(begun, options);
}

/** Its rows would be measured a second time. */
function assertNotArchived(run: string, folder: string): void {
  const csv = join(folder, `${run}.csv`);
  if (existsSync(csv) || archivedCsv(csv) === undefined) return;
  throw new InputError(
    `--resume: the run's CSV must be there, got one that is archived; tare archive ${folder} --restore ${run}`,
  );
}

async function executeRun(begun: Manifest, options: RunOptions): Promise<RunOutcome> {
  const selection = await selectCases(begun.arguments);
  assertCasesExist(begun, selection.cases);
  const path = (kind: string) => join(options.out, `${begun.run_id}.${kind}`);
  const unlock = lockRun(path('lock'));
  try {
    for (const what of disturbances(options.out, begun.run_id, loadAverage(), availableParallelism()))
      options.onWarning?.(what);
    // First of its files, since rows without it can be neither resumed nor merged.
    writeManifest(path('run.json'), begun);
    // Asked before there is a CSV of this run, which is none of the earlier ones.
    const known = begun.arguments.budgetS === undefined ? undefined : options.known?.();
    return await fillFiles(begun, selection, path, { ...options, known: () => known ?? new Map() });
  } finally {
    unlock();
  }
}

async function fillFiles(
  begun: Manifest,
  { cases: selected, techniques, notes }: Selection,
  path: (kind: string) => string,
  options: RunOptions,
): Promise<RunOutcome> {
  const journal = new Journal(path('csv'), path('samples.jsonl'));
  try {
    options.onStart?.(path('csv'), begun.case_ids.length);
    for (const note of [...notes, ...journal.notes]) options.onWarning?.(note);
    const wanted = new Set(begun.case_ids);
    const cases = selected.filter(({ id }) => wanted.has(id));
    if (missingOf(begun, journal.rows) > 0) await runRemaining(begun, cases, techniques, journal, path, options);
  } finally {
    journal.close();
  }
  const missing = missingOf(begun, journal.rows);
  return {
    runId: begun.run_id,
    csvPath: path('csv'),
    rows: journal.rows,
    notes,
    interrupted: missing > 0,
    missing,
  };
}

/** How many cases have no row. Rows of other cases, which a person may have put there, make up for none. */
function missingOf({ case_ids }: Manifest, rows: readonly ResultRow[]): number {
  const done = new Set(rows.map((row) => row.case_id));
  return case_ids.filter((id) => !done.has(id)).length;
}

function assertCasesExist({ case_ids }: Manifest, cases: readonly Case[]): void {
  const known = new Set(cases.map((entry) => entry.id));
  const gone = case_ids.find((id) => !known.has(id));
  if (gone === undefined) return;
  throw new InputError(`--resume: the run's cases must still exist, got none for ${gone}; start a new run`);
}

/** Measures and records the cases that have no row yet, until all have one or the run is interrupted. */
async function runRemaining(
  begun: Manifest,
  cases: readonly Case[],
  techniques: ReadonlyMap<string, Technique>,
  journal: Journal,
  path: (kind: string) => string,
  options: RunOptions,
): Promise<void> {
  const { budgetS } = begun.arguments;
  const startMs = performance.now();
  const { manifest, asked } = await prepareRun(begun, { cases, techniques }, options);
  writeManifest(path('run.json'), manifest);
  const { statuses, effort: usual } = asked;
  const { git, techniqueHashes } = asked.state;
  const techniqueOf = new Map(cases.map(({ id, technique }) => [id, technique]));
  const isOfThisCode = ({ case_id, git_commit, technique_hash }: PassRecord) =>
    git_commit === git?.commit && technique_hash === techniqueHashes.get(techniqueOf.get(case_id) ?? '');
  const log = new PassLog(path('passes.jsonl'), isOfThisCode);
  const isFinished = () => missingOf(begun, journal.rows) === 0;
  try {
    const done = new Set(journal.rows.map(({ case_id }) => case_id));
    const left = cases.filter(({ id, backend }) => !done.has(id) && statuses.get(backend)?.available !== false);
    const known = options.known?.() ?? new Map<string, CaseRecord>();
    const recorded = new Map([...(options.costs ?? []), ...tookBefore(known, usual.passes)]);
    const spentS = [...journal.rows, ...cases.flatMap(({ id }) => log.of(id))].reduce(
      (sum, { took_s = 0 }) => sum + took_s,
      (performance.now() - startMs) / 1000,
    );
    const leftS = budgetS === undefined ? undefined : Math.max(0, budgetS - spentS);
    const costS = likelyCost(left, recorded, leftS);
    const totalS = left.reduce((sum, { id }) => sum + costS(id), 0);
    const more = begun.arguments.passes === undefined ? moreTimes(usual.passes, totalS, leftS) : 1;
    const effort = { ...usual, passes: more * usual.passes };
    const needed = byNeed(cases, { known, techniqueHashes, costS });
    const stillNeeded = needed.filter((each) => left.includes(each.case));
    const processes = more > 1 ? effort.passes : undefined;
    options.onPlan?.(describePlan({ left: stillNeeded, costS, leftS, recorded, processes }));
    const timeBudget = leftS === undefined ? undefined : { leftS, needed, costS: (id: string) => more * costS(id) };
    await measureCases({ ...asked, effort, timeBudget }, journal, log, options);
  } finally {
    log.close({ isFinished: isFinished() });
  }
  writeManifest(path('run.json'), {
    ...manifest,
    state: isFinished() ? 'finished' : 'interrupted',
    finished_at: isFinished() ? new Date().toISOString() : undefined,
  });
}

/** Where no case's cost is known. */
const USUAL_COST_S = 1;
/** Of what a time budget has left: what is held to take more is never measured, so nobody would ever know. */
const MOST_UNKNOWN_SHARE = 0.1;

/** Of a case whose cost nobody knows, the middle one of the others. */
function likelyCost(
  cases: readonly Case[],
  recorded: ReadonlyMap<string, number>,
  leftS = Number.POSITIVE_INFINITY,
): (caseId: string) => number {
  const there = cases.flatMap(({ id }) => recorded.get(id) ?? []);
  const usual = there.length > 0 ? quantile(there, 0.5) : USUAL_COST_S;
  return (id) => recorded.get(id) ?? Math.min(usual, MOST_UNKNOWN_SHARE * leftS);
}

/** In as many processes as usual, where a case had more. */
function tookBefore(known: ReadonlyMap<string, CaseRecord>, usual: number): [caseId: string, tookS: number][] {
  return [...known].flatMap(([id, { tookS, processes = usual }]) =>
    tookS === undefined ? [] : [[id, tookS * Math.min(1, usual / processes)]],
  );
}
