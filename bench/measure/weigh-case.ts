// What a case comes to on inputs that are already there, a straight line: pack → prepare → run once → check → measure
// beside the dense baseline → check again → summarise. It knows nothing of Node, so that it runs in a browser's page too.
import type { Budget } from '../contract/budget.ts';
import type { Case } from '../contract/case.ts';
import type { Weighed } from '../contract/case-result.ts';
import type { Inputs } from '../contract/operation.ts';
import { operationOf } from '../contract/operations.ts';
import type { Op } from '../contract/problem.ts';
import type { Technique } from '../contract/technique.ts';
import { quantile } from '../statistics/quantile.ts';
import { checkOutput } from './check.ts';
import { checkAgain } from './check-again.ts';
import { measureOnDevice } from './device-time.ts';
import { isWithinBudget, measureDrift } from './drift.ts';
import { turnEnergy } from './energy/turn-energy.ts';
import { pairedRatio } from './figures.ts';
import { measureInTurn } from './in-turn.ts';
import { type Instance, type Place, prepare, runOnce, withInstance } from './instance.ts';
import type { Instruments } from './instruments.ts';
import { timerResolutionNs } from './timer-resolution.ts';
import { timeTransfers } from './transfers.ts';
import { verdict } from './verdict.ts';

export interface Weighing {
  readonly case: Case;
  readonly technique: Technique;
  /** The baseline of the case's operation. A model that is the baseline itself is prepared once and timed beside itself. */
  readonly dense: Technique;
  readonly inputs: Inputs<Op>;
  readonly budget: Budget;
  readonly place: Place;
  /** The best that the canary showed on this machine before, in cycles. */
  readonly bestCanaryCycles?: number;
}

export function weighCase(weighing: Weighing): Promise<Weighed> {
  const { case: entry, technique, dense, inputs, place } = weighing;
  return withInstance(prepare(technique, entry.params, entry, inputs, place), (candidate) =>
    technique === dense && entry.problem.op === 'model'
      ? weighPair(candidate, candidate, weighing)
      : withInstance(prepare(dense, {}, entry, inputs, place), (baseline) => weighPair(candidate, baseline, weighing)),
  );
}

async function weighPair(candidate: Instance, baseline: Instance, weighing: Weighing): Promise<Weighed> {
  const { case: entry, inputs } = weighing;
  const first = await runOnce(candidate.kernel);
  const before = checkOutput(first, candidate.reference);
  const baselineBefore = checkOutput(await runOnce(baseline.kernel), baseline.reference);
  const wrongBefore = before.failure ?? ofBaseline(baselineBefore.failure);
  if (wrongBefore !== undefined) return { status: 'incorrect', reason: wrongBefore };
  const timed = inputs.checked === undefined ? first : await runOnTimed(candidate, baseline, inputs);
  const measured = await measure(candidate, baseline, weighing);
  // Of the last run that was timed: what follows takes other activations.
  const work = candidate.kernel.work?.();
  const wrongAfter =
    (await checkAgain(candidate, entry.params, entry, inputs, timed)) ??
    ofBaseline(await checkAgain(baseline, {}, entry, inputs, undefined));
  if (wrongAfter !== undefined) return { status: 'incorrect', reason: wrongAfter };
  return {
    ...measured,
    ...describe(candidate, entry, inputs),
    ...work,
    kernelNmse: before.nmse,
    ...driftOf(first, baseline, entry, candidate.technique),
  };
}

/** The candidate's output on the activations that are timed, where others were checked. */
async function runOnTimed(candidate: Instance, baseline: Instance, { activations }: Inputs<Op>): Promise<Float32Array> {
  for (const { kernel } of [candidate, baseline]) await kernel.upload(activations);
  return runOnce(candidate.kernel);
}

async function measure(
  candidate: Instance,
  baseline: Instance,
  { case: { problem }, inputs, budget, place, bestCanaryCycles }: Weighing,
): Promise<Weighed> {
  const kernels = [candidate.kernel, baseline.kernel];
  const instruments = instrumentsAt(place);
  const energy = place.energy && turnEnergy(place.energy, instruments.now);
  const { sides, core, preemptedShare } = await measureInTurn(kernels, {
    budget,
    seed: problem.seed,
    instruments: { ...instruments, beginTurn: energy?.beginTurn },
    bestCanaryCycles,
  });
  const samples = { candidate: sides[0], baseline: sides[1] };
  const callNs = sides.map(({ rounds }) => quantile(rounds.flat(), 0.5));
  const ratio = pairedRatio(samples);
  return {
    ...verdict(ratio, { callNs, preemptedShare, core }),
    samples,
    core,
    ratio,
    energyJ: energy?.perCall(0),
    deviceTime: await measureOnDevice(candidate.kernel, baseline.kernel, budget.measureMs / 3),
    transfers: place.device === 'gpu' ? await timeTransfers(candidate.kernel, inputs.activations) : undefined,
    timerResolutionNs: instruments.timerResolutionNs,
  };
}

/** What the processor is busy with says little about kernels that run on a GPU. */
function instrumentsAt({ device, preemptions, canary }: Place): Instruments {
  const clock = { now: () => performance.now(), timerResolutionNs: timerResolutionNs() };
  return device === 'cpu' ? { ...clock, preemptions, canary } : clock;
}

function describe({ technique, packed, kernel }: Instance, { problem, params }: Case, inputs: Inputs<Op>) {
  const { variant, arithmetic, workspaceBytes, kvCacheBytes, deviceBytes } = kernel;
  return {
    caveat: technique.caveat?.(inputs.weights, packed, problem, params),
    storedBytes: technique.bytes(packed),
    calibrationRows: inputs.calibration?.rows,
    folded: technique.folded?.(packed),
    variant,
    arithmetic,
    workspaceBytes,
    kvCacheBytes,
    deviceBytes,
    flops: technique.flops(packed, problem),
  };
}

function driftOf(output: Float32Array, baseline: Instance, { problem, params }: Case, technique: Technique) {
  const drift = measureDrift(output, baseline.reference.values);
  // Budgets speak of the suites' layers; what the user's own weights or whole models may lose is not ours to say.
  const isLayer = operationOf(problem.op).layerOp === problem.op;
  const isOwnInput = isLayer && !('file' in problem && problem.file !== undefined);
  if (!isOwnInput) return { drift };
  const driftBudgetDb = technique.minSqnrDb(params);
  return { drift, driftBudgetDb, driftOk: isWithinBudget(drift, driftBudgetDb) };
}

function ofBaseline(failure: string | undefined): string | undefined {
  return failure && `baseline ${failure}`;
}
