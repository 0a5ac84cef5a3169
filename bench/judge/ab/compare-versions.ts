// All cases of a comparison: k processes each, verdicts over the family, and whatever is flagged once more in fresh processes.
import { backendOf } from '../../backends/backend.ts';
import { KERNELS_DIR, loadTechniques } from '../../cases/registry.ts';
import type { AvailableBackend, BackendStatus } from '../../contract/backend.ts';
import type { Budget } from '../../contract/budget.ts';
import type { Case } from '../../contract/case.ts';
import { moduleFile } from '../../contract/module-file.ts';
import type { Params } from '../../contract/technique.ts';
import { type ExactChange, exactChanges } from '../../results/exact-change.ts';
import { shortHash } from '../../run/environment.ts';
import { type Death, runChild } from '../../run/isolate.ts';
import { whyNotMeasured } from '../../run/why-not-measured.ts';
import type { ComparedCase, Projects } from './compared-case.ts';
import type { OutputChange, Version, VersionsRequest, VersionsResult } from './time-versions.ts';
import { type Evidence, type Judgement, judge, processesFor, spreadOfEqualCode } from './verdict.ts';

const CHILD = moduleFile('./versions-child.ts', import.meta.filename);

/** Below this a difference is of no interest; code placement alone makes as much. */
const MIN_CHANGE = 0.02;
/** Of kernels that read where indices say, which scatter more from process to process. */
const MIN_CHANGE_IRREGULAR = 0.06;
/** Fresh processes of whatever is flagged, before it counts. */
const CONFIRMING_PROCESSES = 30;

export interface Comparing {
  readonly projects: Projects;
  readonly cases: readonly ComparedCase[];
  readonly budget: Budget;
  readonly threads: number;
  readonly seed: number;
  /** Least number of processes a case. */
  readonly processes: number;
  /** Time limit of one process. */
  readonly timeoutS: number;
}

export interface ComparingOptions {
  readonly debug: boolean;
  readonly signal: AbortSignal;
  readonly onProcess: (progress: ComparingProgress) => void;
}

export interface ComparingProgress {
  readonly number: number;
  readonly total: number;
  readonly what: string;
}

export type Outcome =
  | {
      readonly status: 'compared';
      readonly judgement: Judgement;
      readonly minimum: number;
      readonly processes: number;
      /** What the first processes said, where that called for a second look. */
      readonly flagged?: Judgement;
      readonly isConfirmed: boolean;
      readonly outputChange?: OutputChange;
    }
  | { readonly status: 'failed'; readonly side: 'base' | 'head' | 'both'; readonly reason: string }
  | { readonly status: 'skipped'; readonly reason: string };

export interface CaseOutcome {
  readonly case: Case;
  readonly outcome: Outcome;
}

/** Undefined where the signal cut it short. */
export async function compareVersions(
  comparing: Comparing,
  options: ComparingOptions,
): Promise<CaseOutcome[] | undefined> {
  const trials = await prepareTrials(comparing);
  const first = trials.filter((trial) => trial.end === undefined);
  await repeat(first, processesFor(first.length, comparing.processes), false, comparing, options);
  if (options.signal.aborted) return undefined;
  judgeTrials(first, first.length);
  const flagged = first.filter(({ judgement }) => isFlagged(judgement));
  for (const trial of flagged) startConfirming(trial);
  await repeat(flagged, processesFor(flagged.length, CONFIRMING_PROCESSES), true, comparing, options);
  if (options.signal.aborted) return undefined;
  judgeTrials(flagged, flagged.length);
  return trials.map((trial) => ({ case: trial.case, outcome: outcomeOf(trial) }));
}

/** A case on its way to a verdict. */
interface Trial {
  readonly case: Case;
  readonly baseParams: Params;
  readonly env: Readonly<Record<string, string>>;
  readonly floor: number;
  logRatios: number[];
  twinLogRatios: number[];
  outputChange?: OutputChange;
  flagged?: Judgement;
  judgement?: Judgement;
  /** Why there is no verdict. */
  end?: Exclude<Outcome, { status: 'compared' }>;
}

async function prepareTrials({ cases }: Comparing): Promise<Trial[]> {
  const statuses = new Map<string, BackendStatus>();
  const techniques = await loadTechniques([KERNELS_DIR]);
  const trials: Trial[] = [];
  for (const { case: entry, baseParams, irregularAccess } of cases) {
    const status = statuses.get(entry.backend) ?? (await probe(entry.backend));
    statuses.set(entry.backend, status);
    const reason = status.available
      ? await whyNotMeasured(status, entry, techniques.get(entry.technique))
      : status.reason;
    trials.push({
      case: entry,
      baseParams,
      env: (status as AvailableBackend).env ?? {},
      floor: irregularAccess ? MIN_CHANGE_IRREGULAR : MIN_CHANGE,
      logRatios: [],
      twinLogRatios: [],
      end: reason === undefined ? undefined : { status: 'skipped', reason },
    });
  }
  return trials;
}

async function probe(id: string): Promise<BackendStatus> {
  const backend = backendOf(id);
  if (backend.page !== undefined) return { available: false, reason: 'pages are not compared in turn: tare compare' };
  return backend.probe({ headed: false });
}

/** Round after round of all cases, so that each case's processes lie far apart in time and meet different disturbances. */
async function repeat(
  trials: readonly Trial[],
  processes: number,
  isConfirming: boolean,
  comparing: Comparing,
  options: ComparingOptions,
): Promise<void> {
  let number = 0;
  for (let repetition = 0; repetition < processes; repetition++) {
    for (const trial of trials) {
      if (options.signal.aborted) return;
      number++;
      if (trial.end !== undefined) continue;
      options.onProcess({
        number,
        total: processes * trials.length,
        what: `${isConfirming ? 'again: ' : ''}${trial.case.id}`,
      });
      await runOnce(trial, repetition, isConfirming, comparing, options);
    }
  }
}

async function runOnce(
  trial: Trial,
  repetition: number,
  isConfirming: boolean,
  { projects, budget, threads, seed, timeoutS }: Comparing,
  { debug, signal }: ComparingOptions,
): Promise<void> {
  const digest = shortHash(`${seed} ${trial.case.id} ${repetition} ${isConfirming}`);
  const { env, case: entry } = trial;
  const [base, head] = [
    { project: projects.base, params: trial.baseParams },
    { project: projects.head, params: entry.params },
  ];
  const request: VersionsRequest = {
    case: entry,
    base,
    head,
    withTwin: isConfirming,
    budget,
    threads,
    seed: Number.parseInt(digest.slice(0, 8), 16),
  };
  const execArgv = backendOf(entry.backend).execArgv ?? [];
  const run = (asked: VersionsRequest) =>
    runChild<VersionsResult>(CHILD, asked, { timeoutS, env, execArgv, debug, signal });
  const result = await run(request);
  if (result === undefined) return;
  if (result.status === 'ok') return record(trial, result);
  if (result.status === 'skipped') {
    trial.end = result;
    return;
  }
  // What failed beside the other version, or killed the process of both, is tried alone.
  const alone = (version: Version) => run({ ...request, base: version, head: version });
  const [ofBase, ofHead] = [await alone(base), await alone(head)];
  if (ofBase !== undefined && ofHead !== undefined) trial.end = blame(result, ofBase, ofHead);
}

function record(trial: Trial, { logRatio, outputChange }: Extract<VersionsResult, { status: 'ok' }>): void {
  trial.logRatios.push(logRatio.head);
  if (logRatio.twin !== undefined) trial.twinLogRatios.push(logRatio.twin);
  trial.outputChange ??= outputChange;
}

type Failure = Exclude<VersionsResult, { status: 'ok' | 'skipped' }> | Death;

function blame(
  { reason }: Failure,
  base: VersionsResult | Death,
  head: VersionsResult | Death,
): Outcome & { status: 'failed' } {
  const [isBase, isHead] = [base, head].map(({ status }) => status !== 'ok');
  if (isBase !== isHead) return { status: 'failed', side: isHead ? 'head' : 'base', reason };
  return { status: 'failed', side: 'both', reason: isHead ? reason : `${reason} (once; each alone runs)` };
}

function isFlagged(judgement: Judgement | undefined): boolean {
  return judgement?.verdict === 'slower' || judgement?.verdict === 'faster';
}

function judgeTrials(trials: readonly Trial[], familySize: number): void {
  const judged = trials.filter(({ end, logRatios }) => end === undefined && logRatios.length > 0);
  const judgements = judge(judged.map(evidenceOf), familySize);
  judged.forEach((trial, i) => {
    trial.judgement = judgements[i];
  });
}

function evidenceOf(trial: Trial): Evidence {
  return { logRatios: trial.logRatios, minimum: minimumOf(trial) };
}

/** The floor, or what equal code differed by in the very same processes where that is more. */
function minimumOf({ floor, twinLogRatios }: Trial): number {
  return twinLogRatios.length === 0 ? floor : Math.max(floor, spreadOfEqualCode(twinLogRatios));
}

function startConfirming(trial: Trial): void {
  trial.flagged = trial.judgement;
  trial.logRatios = [];
}

function outcomeOf(trial: Trial): Outcome {
  const { end, judgement, flagged, logRatios, outputChange } = trial;
  if (end !== undefined) return end;
  if (judgement === undefined) throw new Error(`case: must be judged, got ${trial.case.id}`);
  const isConfirmed = flagged !== undefined && judgement.verdict === flagged.verdict;
  return {
    status: 'compared',
    // Fresh processes that point the other way confirm nothing.
    judgement: isFlagged(judgement) && !isConfirmed ? { ...judgement, verdict: 'inconclusive' } : judgement,
    minimum: minimumOf(trial),
    processes: logRatios.length,
    flagged,
    isConfirmed,
    outputChange,
  };
}

/** Whether head is worse off: slower for sure, drifted further from the uncompressed result by any amount, or broken. */
export function isRegression(outcome: Outcome): boolean {
  if (outcome.status === 'failed') return outcome.side === 'head';
  if (outcome.status === 'skipped') return false;
  const { isConfirmed, judgement, outputChange } = outcome;
  if (isConfirmed && judgement.verdict === 'slower') return true;
  return outputChange !== undefined && exactChanges(outputChange.drift.base, outputChange.drift.head).some(isWorse);
}

function isWorse(change: ExactChange): boolean {
  return change.isWorse;
}
