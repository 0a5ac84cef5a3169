// One case, a straight line: inputs → pack → prepare → run once → check → measure beside the dense baseline → check
// again → summarise. Runs in the case's own child process.
import { type Backend, backendOf } from './backend.ts';
import type { Case } from './case.ts';
import { checkOutput } from './check.ts';
import { type Drift, isWithinBudget, measureDrift } from './drift.ts';
import { canaryNs, loadAverage, shortHash } from './environment.ts';
import { type Budget, measurePair, type Pair, pairedRatio, type Ratio, type Summary, summarize } from './measure.ts';
import type { Operation, Reference } from './operation.ts';
import { operationOf } from './operations.ts';
import type { ActivationsOf, Op, WeightsOf } from './problem.ts';
import { loadTechnique } from './registry.ts';
import type { KernelKind, Params, PreparedKernel, Runtimes, StoredBytes, Technique } from './technique.ts';
import { type DeviceTimes, timeTransfers } from './transfers.ts';

export interface CaseRequest {
  readonly case: Case;
  readonly budget: Budget;
  /** Folders techniques are looked up in. */
  readonly kernelsDirs: readonly string[];
  /** For backends that use several. */
  readonly threads: number;
}

export type Status = 'ok' | 'skipped' | 'unsupported' | 'incorrect' | 'error' | 'timeout' | 'oom' | 'noisy';

/** What a case came to. Figures stand only where the case got that far. */
export interface CaseResult {
  readonly status: Status;
  readonly reason?: string;
  readonly inputHash?: string;
  readonly summary?: Summary;
  readonly samples?: Pair;
  readonly ratio?: Ratio;
  readonly transfers?: DeviceTimes;
  readonly storedBytes?: StoredBytes;
  readonly variant?: string;
  readonly workspaceBytes?: number;
  readonly deviceBytes?: number;
  readonly flops?: number;
  readonly kernelNmse?: number;
  readonly drift?: Drift;
  readonly driftBudgetDb?: number;
  readonly driftOk?: boolean;
  readonly peakRssBytes?: number;
  readonly loadBefore?: number;
  readonly loadAfter?: number;
  readonly canaryNs?: number;
}

/** A technique made ready to run on one problem, with what its output must be. */
interface Instance {
  readonly technique: Technique;
  readonly packed: unknown;
  readonly kernel: PreparedKernel<Op>;
  readonly weights: WeightsOf<Op>;
  readonly reference: Reference;
}

type Inputs = { weights: WeightsOf<Op>; activations: ActivationsOf<Op> };

/** Wider than this, the interval of the paired ratio (high / low) says nothing a reader could use. */
const NOISY_RATIO = 1.5;

export async function runCase(request: CaseRequest): Promise<CaseResult> {
  const { problem, params, technique: id, backend: backendId } = request.case;
  const backend = backendOf(backendId);
  const operation = operationOf(problem.op);
  const technique = await loadTechnique(id, request.kernelsDirs);
  const dense = await loadTechnique(operation.baseline, request.kernelsDirs);
  const reason = technique.skip?.(problem, params);
  if (reason !== undefined) return { status: 'skipped', reason };
  if (technique.kernels[backend.kind] === undefined) {
    return { status: 'unsupported', reason: `${id} has no ${backend.kind} kernel` };
  }
  const loadBefore = loadAverage();
  const canary = canaryNs();
  const inputs = operation.makeInputs(problem);
  const inputHash = shortHash(...Object.values(inputs.weights), ...Object.values(inputs.activations));
  const nonfinite = findNonfinite(inputs.weights);
  if (nonfinite !== undefined) return { status: 'error', reason: nonfinite, inputHash };

  const runtime = await backend.open(backend.threads(request.threads));
  const candidate = await prepare(technique, params, request.case, inputs, backend, runtime);
  const baseline = await prepare(dense, {}, request.case, inputs, backend, runtime);
  const first = await runOnce(candidate.kernel);
  const before = checkOutput(first, candidate.reference);
  const baselineBefore = checkOutput(await runOnce(baseline.kernel), baseline.reference);
  const wrongBefore = before.failure ?? prefixed('baseline ', baselineBefore.failure);
  if (wrongBefore !== undefined) return { status: 'incorrect', reason: wrongBefore, inputHash };

  const { seed } = problem;
  const samples = await measurePair(candidate.kernel, baseline.kernel, {
    budget: request.budget,
    seed,
    dropPreempted: backend.device === 'cpu',
  });
  const transfers = backend.device === 'gpu' ? await timeTransfers(candidate.kernel, inputs.activations) : undefined;
  const wrongAfter =
    (await checkAgain(candidate, params, request.case, inputs, first)) ??
    prefixed('baseline ', await checkAgain(baseline, {}, request.case, inputs, undefined));
  if (wrongAfter !== undefined) return { status: 'incorrect', reason: wrongAfter, inputHash };

  const drift = measureDrift(first, baseline.reference.values);
  // Budgets speak of the suites' inputs; what the user's own weights may lose is not ours to say.
  const isOwnInput = problem.op !== 'matmul' || problem.file === undefined;
  const driftBudgetDb = isOwnInput ? technique.minSqnrDb(params) : undefined;
  const ratio = pairedRatio(samples, seed);
  const result: CaseResult = {
    ...verdict(ratio),
    inputHash,
    summary: summarize(samples.candidate, seed),
    samples,
    ratio,
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
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    loadBefore,
    loadAfter: loadAverage(),
    canaryNs: canary,
  };
  candidate.kernel.dispose();
  baseline.kernel.dispose();
  return result;
}

async function prepare(
  technique: Technique,
  params: Params,
  { problem }: Case,
  { weights, activations }: Inputs,
  backend: Backend,
  runtime: Runtimes[KernelKind],
): Promise<Instance> {
  const makeKernel = technique.kernels[backend.kind];
  if (makeKernel === undefined) throw new Error(`baseline: must have a ${backend.kind} kernel, got none`);
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
async function runOnce(kernel: PreparedKernel<Op>): Promise<Float32Array> {
  await kernel.run();
  return (await kernel.readOutput()).slice();
}

/** Rows compared on fresh activations: enough to tell a stale output, few enough to cost nothing. */
const FRESH_ROWS = 8;

/** The timed runs left the right output, and the kernel really computes: fresh activations give their own output. */
async function checkAgain(
  { technique, kernel, weights, reference }: Instance,
  params: Params,
  { problem }: Case,
  { activations }: Inputs,
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

function findNonfinite(weights: WeightsOf<Op>): string | undefined {
  for (const [name, values] of Object.entries<Float32Array>({ ...weights })) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `weights: must be finite, got ${values[at]} at ${name}[${at}]`;
  }
  return undefined;
}

function prefixed(prefix: string, failure: string | undefined): string | undefined {
  return failure === undefined ? undefined : prefix + failure;
}
