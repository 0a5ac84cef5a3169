// What a case comes to on inputs that are already there, a straight line: pack → prepare → run once → check → measure
// beside the dense baseline → check again → summarise. It knows nothing of Node, so that it runs in a browser's page too.

import type { Budget } from '../contract/budget.ts';
import type { Case } from '../contract/case.ts';
import type { Ratio, Status, Weighed } from '../contract/case-result.ts';
import type { Inputs, Operation, Reference } from '../contract/operation.ts';
import { operationOf } from '../contract/operations.ts';
import type { ActivationsOf, Op, WeightsOf } from '../contract/problem.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import type { Params, PreparedKernel, Technique } from '../contract/technique.ts';
import { checkOutput } from './check.ts';
import { measureOnDevice } from './device-time.ts';
import { isWithinBudget, measureDrift } from './drift.ts';
import { measurePair, pairedRatio, summarize } from './measure.ts';
import { timerResolutionNs } from './timer-resolution.ts';
import { timeTransfers } from './transfers.ts';

/** Where both kernels of a case run. */
export interface Place {
  readonly kind: KernelKind;
  readonly device: 'cpu' | 'gpu';
  readonly runtime: Runtimes[KernelKind];
  /** How often the system has taken the processor away so far; missing where that can't be told. */
  readonly preemptions?: () => number;
}

export interface Weighing {
  readonly case: Case;
  readonly technique: Technique;
  /** The baseline of the case's operation. */
  readonly dense: Technique;
  readonly inputs: Inputs<Op>;
  readonly budget: Budget;
  readonly place: Place;
}

/** A technique made ready to run on one problem, with what its output must be. */
export interface Instance {
  readonly technique: Technique;
  readonly packed: unknown;
  readonly kernel: PreparedKernel<Op>;
  readonly weights: WeightsOf<Op>;
  readonly reference: Reference;
}

/** Wider than this, the interval of the paired ratio (high / low) says nothing a reader could use. */
const NOISY_RATIO = 1.5;

export async function weighCase({ case: entry, technique, dense, inputs, budget, place }: Weighing): Promise<Weighed> {
  const { problem, params } = entry;
  const candidate = await prepare(technique, params, entry, inputs, place);
  const baseline = await prepare(dense, {}, entry, inputs, place);
  const first = await runOnce(candidate.kernel);
  const before = checkOutput(first, candidate.reference);
  const baselineBefore = checkOutput(await runOnce(baseline.kernel), baseline.reference);
  const wrongBefore = before.failure ?? prefixed('baseline ', baselineBefore.failure);
  if (wrongBefore !== undefined) return { status: 'incorrect', reason: wrongBefore };

  const { seed } = problem;
  const timerNs = timerResolutionNs();
  const samples = await measurePair(candidate.kernel, baseline.kernel, {
    budget,
    seed,
    timerResolutionNs: timerNs,
    preemptions: place.device === 'cpu' ? place.preemptions : undefined,
  });
  const deviceTime = await measureOnDevice(candidate.kernel, baseline.kernel, budget.measureMs / 3);
  const transfers = place.device === 'gpu' ? await timeTransfers(candidate.kernel, inputs.activations) : undefined;
  const wrongAfter =
    (await checkAgain(candidate, params, entry, inputs, first)) ??
    prefixed('baseline ', await checkAgain(baseline, {}, entry, inputs, undefined));
  if (wrongAfter !== undefined) return { status: 'incorrect', reason: wrongAfter };

  const drift = measureDrift(first, baseline.reference.values);
  // Budgets speak of the suites' inputs; what the user's own weights may lose is not ours to say.
  const isOwnInput = problem.op !== 'matmul' || problem.file === undefined;
  const driftBudgetDb = isOwnInput ? technique.minSqnrDb(params) : undefined;
  const ratio = pairedRatio(samples, seed);
  const weighed: Weighed = {
    ...verdict(ratio),
    summary: summarize(samples.candidate, seed),
    samples,
    ratio,
    deviceTime,
    transfers,
    storedBytes: technique.bytes(candidate.packed),
    variant: candidate.kernel.variant,
    workspaceBytes: candidate.kernel.workspaceBytes,
    deviceBytes: candidate.kernel.deviceBytes,
    flops: technique.flops(candidate.packed, problem),
    kernelNmse: before.nmse,
    drift,
    driftBudgetDb,
    driftOk: driftBudgetDb === undefined ? undefined : isWithinBudget(drift, driftBudgetDb),
    timerResolutionNs: timerNs,
  };
  candidate.kernel.dispose();
  baseline.kernel.dispose();
  return weighed;
}

export async function prepare(
  technique: Technique,
  params: Params,
  { problem }: Pick<Case, 'problem'>,
  { weights, activations }: Inputs<Op>,
  { kind, runtime }: Place,
): Promise<Instance> {
  const makeKernel = technique.kernels[kind];
  if (makeKernel === undefined) throw new Error(`baseline: must have a ${kind} kernel, got none`);
  const packed = technique.pack(weights, problem, params);
  const kernel = await makeKernel({ packed, problem, params, runtime });
  await kernel.upload(activations);
  const unpacked = technique.unpack(packed, problem, params);
  const rows = Array.from({ length: operationOf(problem.op).outputShape(problem).rows }, (_, row) => row);
  const reference = referenceFor(kernel, technique, params, problem, unpacked, activations, rows);
  return { technique, packed, kernel, weights: unpacked, reference };
}

/** The right output of a kernel: float64 on the technique's unpacked weights and on the activations it really multiplies. */
export function referenceFor(
  kernel: PreparedKernel<Op>,
  technique: Technique,
  params: Params,
  problem: Case['problem'],
  weights: WeightsOf<Op>,
  activations: ActivationsOf<Op>,
  rows: readonly number[],
): Reference {
  const operation: Operation<Op> = operationOf(problem.op);
  const rounded =
    kernel.quantizeActivations?.(activations) ?? technique.quantizeActivations?.(activations, problem, params);
  return operation.reference(problem, weights, rounded?.activations ?? activations, rows, rounded?.slack);
}

/** The output after one run, copied. */
export async function runOnce(kernel: PreparedKernel<Op>): Promise<Float32Array> {
  await kernel.run();
  return (await kernel.readOutput()).slice();
}

/** Rows compared on fresh activations: enough to tell a stale output, few enough to cost nothing. */
const FRESH_ROWS = 8;

/** The timed runs left the right output, and the kernel really computes: fresh activations give their own output. */
export async function checkAgain(
  { technique, kernel, weights, reference }: Instance,
  params: Params,
  { problem }: Case,
  { activations }: Inputs<Op>,
  first: Float32Array | undefined,
): Promise<string | undefined> {
  const timed = await kernel.readOutput();
  const wrong = checkOutput(timed, reference).failure;
  if (wrong !== undefined) return `after timing, ${wrong}`;
  if (first?.some((value, i) => !Object.is(value, timed[i])))
    return 'after timing, output: must repeat, got other values';
  const operation = operationOf(problem.op);
  const { rows, columns } = operation.outputShape(problem);
  const step = Math.max(1, Math.floor(rows / FRESH_ROWS));
  const chosen = Array.from({ length: Math.ceil(rows / step) }, (_, i) => i * step);
  const fresh = operation.freshActivations(activations);
  await kernel.upload(fresh);
  const output = await runOnce(kernel);
  const picked = new Float32Array(chosen.length * columns);
  chosen.forEach((row, i) => {
    picked.set(output.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return prefixed(
    'with fresh activations, ',
    checkOutput(picked, referenceFor(kernel, technique, params, problem, weights, fresh, chosen)).failure,
  );
}

function verdict({ ci95 }: Ratio): { status: Status; reason?: string } {
  if (ci95 === undefined) return { status: 'noisy', reason: 'too slow for the five rounds that an interval needs' };
  if (ci95.high / ci95.low > NOISY_RATIO) {
    return {
      status: 'noisy',
      reason: `the speed-up lies between ${ci95.low.toPrecision(2)} and ${ci95.high.toPrecision(2)}`,
    };
  }
  return { status: 'ok' };
}

function prefixed(prefix: string, failure: string | undefined): string | undefined {
  return failure === undefined ? undefined : prefix + failure;
}
