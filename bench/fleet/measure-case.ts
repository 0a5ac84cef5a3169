// A case as a worker measures it: by what measures the cases of a run, in files that go once its row is delivered.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { selectCases } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import { moduleFile } from '../contract/module-file.ts';
import { isFailure } from '../results/failure.ts';
import { Journal } from '../results/journal.ts';
import { PassLog } from '../results/pass-log.ts';
import { readSamples } from '../results/results-file.ts';
import type { CaseEvent } from '../run/case-event.ts';
import { describeMachine } from '../run/environment.ts';
import { measureCases } from '../run/measure-cases.ts';
import { assertSameWeights } from '../run/new-run.ts';
import { type PreparedRun, prepareRun } from '../run/prepare-run.ts';
import { hashesOf } from './code-version.ts';
import type { FleetRun, Outcome } from './fleet-run.ts';
import type { MeasureCase } from './work.ts';

export interface MeasuringOptions {
  readonly debug: boolean;
  readonly onCase: (event: CaseEvent) => void;
  readonly onPhase: (what: string) => void;
}

/** What comes before the first case of a run is done once, for as long as cases of it come one after the other. */
export function caseMeasurer(options: MeasuringOptions): MeasureCase {
  let latest: { readonly runId: string; readonly prepared: Promise<PreparedRun> } | undefined;
  return async (run, caseId, { givenUp, signal }) => {
    if (run.ab !== undefined) return measureAb(run.ab, { givenUp, signal });
    const runId = run.manifest.run_id;
    if (latest?.runId !== runId) latest = { runId, prepared: prepare(run, options) };
    return measureOne(await latest.prepared, caseId, { ...options, givenUp, signal });
  };
}

/** Throws InputError where this machine would measure something else than the run is of. */
async function prepare({ manifest, code, has_threads }: FleetRun, options: MeasuringOptions): Promise<PreparedRun> {
  assertSameWeights(manifest, 'fleet');
  const threads = has_threads ? manifest.arguments.threads : availableParallelism();
  const own = { ...manifest, arguments: { ...manifest.arguments, threads } };
  const { cases, techniques } = await selectCases(own.arguments);
  const hashes = hashesOf(Object.keys(code.hashes), own.arguments.kernels);
  const other = Object.keys(code.hashes).find((id) => hashes[id] !== code.hashes[id]);
  if (other !== undefined)
    throw new InputError(
      `fleet: worker must have the code of ${manifest.run_id}, got ${other} with hash ${hashes[other]} and not ${code.hashes[other]}`,
    );
  return prepareRun(own, { cases, techniques }, options);
}

type OneOptions = MeasuringOptions & Parameters<MeasureCase>[2];

async function measureOne(
  { manifest, asked }: PreparedRun,
  caseId: string,
  options: OneOptions,
): Promise<Outcome | undefined> {
  const cases = asked.cases.filter(({ id }) => id === caseId);
  if (cases.length === 0) throw new InputError(`fleet: ${caseId} must be a case here, got none of the name`);
  const { givenUp } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tare-fleet-'));
  try {
    const csv = join(folder, 'case.csv');
    const journal = new Journal(csv, join(folder, 'case.samples.jsonl'));
    const log = new PassLog(join(folder, 'case.passes.jsonl'), () => true);
    const reasons = givenUp === undefined ? undefined : new Map([[caseId, givenUp]]);
    await measureCases({ ...asked, cases, givenUp: reasons }, journal, log, options);
    log.close({ isFinished: true });
    journal.close();
    const [row] = journal.rows;
    if (row === undefined) return undefined;
    const { machine, backends, roofline, idle_w } = manifest;
    const { threads } = manifest.arguments;
    return {
      row,
      samples: readSamples(csv)?.get(caseId) ?? [],
      isFailure: isFailure(row),
      measured: { machine: { ...machine, ...describeMachine() }, backends, roofline, idle_w, threads },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const MAIN = moduleFile('../main.ts', import.meta.filename);
const USAGE_ERROR = 2;

/** Throws InputError on what `tare ab` itself refuses, such as a commit that this checkout has not fetched. */
async function measureAb(
  words: readonly string[],
  { givenUp, signal }: Parameters<MeasureCase>[2],
): Promise<Outcome | undefined> {
  const measured = { machine: { ...describeMachine() }, backends: {}, threads: availableParallelism() };
  const rest = { samples: [], measured };
  if (givenUp !== undefined)
    return { ...rest, isFailure: true, report: JSON.stringify({ status: 'error', reason: givenUp }) };
  const { status, stdout, stderr } = await callTare(['ab', ...words, '--format', 'json'], signal);
  if (signal.aborted) return undefined;
  if (status === USAGE_ERROR) throw new InputError(`fleet: ${stderr.trim().replace(/^tare: /, '')}`);
  const report = stdout.trim() === '' ? JSON.stringify({ status: 'error', reason: stderr.trim() }) : stdout;
  return { ...rest, isFailure: status !== 0, report };
}

/** A command of tare in a process of its own, which Ctrl-C is handed on to. */
function callTare(words: readonly string[], signal: AbortSignal) {
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
    });
    const stop = () => child.kill('SIGINT');
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', reject).once('close', (status) => {
      signal.removeEventListener('abort', stop);
      resolve({ status, ...said });
    });
  });
}
