// What every kernel must hold to, checked over tiny, odd problems. Run by techniques.test.ts, one process or page a backend.

import { operationOf } from '../bench/contract/operations.ts';
import type {
  ActivationsOf,
  AttentionProblem,
  MatmulProblem,
  Op,
  Problem,
  WeightsOf,
} from '../bench/contract/problem.ts';
import type { KernelKind, Runtimes } from '../bench/contract/runtimes/runtimes.ts';
import { type Params, type PreparedKernel, paramGrid, type Technique } from '../bench/contract/technique.ts';
import { checkOutput } from '../bench/measure/check.ts';
import { measureDrift } from '../bench/measure/drift.ts';
import { referenceFor } from '../bench/measure/instance.ts';
import { type Random, seededRandom } from '../bench/statistics/random.ts';

export interface ContractOutcome {
  readonly name: string;
  /** What the kernel broke; empty where nothing. */
  readonly failures: readonly string[];
}

interface Trial {
  readonly name: string;
  readonly problem: Problem;
  readonly weights: WeightsOf<Op>;
  readonly activations: ActivationsOf<Op>;
}

export interface ContractSubject {
  readonly techniques: ReadonlyMap<string, Technique>;
  readonly kind: KernelKind;
  readonly runtime: Runtimes[KernelKind];
  /** Every technique but yardsticks must have a kernel of the kind; else only baselines, without which nothing can be measured. */
  readonly mustHaveAll: boolean;
  /** Only trials whose name contains this, where the same kernels are put to all of them elsewhere. */
  readonly only?: string;
}

/** Every technique with all its parameters over all trials of its operation, on one backend. */
export async function checkContract(subject: ContractSubject): Promise<ContractOutcome[]> {
  const { techniques, kind, runtime, mustHaveAll, only = '' } = subject;
  const outcomes: ContractOutcome[] = [];
  for (const [id, technique] of techniques) {
    const makeKernel = technique.kernels[kind];
    if (makeKernel === undefined) {
      const isOwn = mustHaveAll && technique.family !== 'yardstick';
      const isNeeded = isOwn || operationOf(technique.op).baseline === id;
      if (isNeeded) outcomes.push({ name: id, failures: [`has no ${kind} kernel`] });
      continue;
    }
    for (const params of paramGrid(technique.axes)) {
      for (const trial of trials[technique.op].filter((candidate) => candidate.name.includes(only))) {
        const name = [id, ...Object.values(params), trial.name].join(' ');
        const { problem, weights } = trial;
        if (technique.skip?.(problem, params) !== undefined) continue;
        const packed = technique.pack(structuredClone(weights), problem, params);
        const prepare = async () => makeKernel({ packed, problem, params, runtime });
        const failures = [
          ...checkPacking(technique, params, trial, packed),
          ...(await checkKernel(technique, params, trial, packed, prepare)),
        ];
        outcomes.push({ name, failures });
      }
    }
  }
  return outcomes;
}

/** Budgets speak of whole layers: among a handful of weights a single one decides. */
const ENOUGH_WEIGHTS = 500;

function checkPacking(technique: Technique, params: Params, trial: Trial, packed: unknown): string[] {
  const { problem, weights } = trial;
  const failures: string[] = [];
  const { values, indices, scales } = technique.bytes(packed);
  const held = bytesHeld(packed);
  if (values + indices + scales !== held) failures.push(`bytes: must be ${held}, got ${values + indices + scales}`);
  const unpacked = technique.unpack(packed, problem, params);
  for (const [name, original] of entries(weights)) {
    const restored = entries(unpacked).find(([other]) => other === name)?.[1] ?? new Float32Array();
    const { sqnr_db, nonfinite } = measureDrift(restored, Float64Array.from(original));
    const budget = technique.minSqnrDb(params);
    if (restored.length !== original.length || nonfinite > 0) failures.push(`unpack: ${name} must be finite and whole`);
    if (original.length >= ENOUGH_WEIGHTS && sqnr_db !== undefined && sqnr_db < budget) {
      failures.push(`unpack: ${name} must keep ${budget} dB, got ${sqnr_db.toFixed(1)}`);
    }
  }
  return failures;
}

async function checkKernel(
  technique: Technique,
  params: Params,
  { problem, activations }: Trial,
  packed: unknown,
  prepare: () => Promise<PreparedKernel<Op>>,
): Promise<string[]> {
  const failures: string[] = [];
  const operation = operationOf(problem.op);
  const rows = Array.from({ length: operation.outputShape(problem).rows }, (_, row) => row);
  const packedBefore = structuredClone(packed);
  const unpacked = structuredClone(technique.unpack(packed, problem, params));
  const uploaded = structuredClone(activations);
  const kernel = await prepare();
  const expect = (inputs: ActivationsOf<Op>) =>
    referenceFor(kernel, technique, params, problem, unpacked, inputs, rows);

  await kernel.upload(uploaded);
  const first = await outputOf(kernel);
  const reference = expect(activations);
  const wrong = checkOutput(first, reference).failure;
  if (wrong !== undefined) failures.push(wrong);
  if (!isSame(first, await outputOf(kernel))) failures.push('a second run must give the same output');
  if (!isDeepSame(uploaded, activations)) failures.push('activations must be left as they were');
  if (!isDeepSame(packed, packedBefore)) failures.push('packed weights must be left as they were');

  const fresh = operation.freshActivations(activations);
  const freshReference = expect(fresh);
  await kernel.upload(fresh);
  const stale = checkOutput(await outputOf(kernel), freshReference).failure;
  if (stale !== undefined) failures.push(`with fresh activations, ${stale}`);
  const { workspaceBytes } = kernel;
  if (workspaceBytes !== undefined && !(Number.isInteger(workspaceBytes) && workspaceBytes >= 0)) {
    failures.push(`workspaceBytes: must be a count, got ${workspaceBytes}`);
  }
  kernel.dispose();
  const isZero = reference.values.every((value) => value === 0);
  if (!isZero && checkOutput(new Float32Array(first.length), reference).failure === undefined) {
    failures.push('an all-zeros output must be rejected, got it accepted');
  }
  return failures;
}

async function outputOf(kernel: PreparedKernel<Op>): Promise<Float32Array> {
  await kernel.run();
  return (await kernel.readOutput()).slice();
}

function entries(tensors: WeightsOf<Op> | ActivationsOf<Op>): [string, Float32Array][] {
  return Object.entries<Float32Array>({ ...tensors });
}

/** Bytes of all arrays a packed form holds. */
function bytesHeld(packed: unknown): number {
  return Object.values(packed as object).reduce(
    (sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0),
    0,
  );
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

function isDeepSame(a: unknown, b: unknown): boolean {
  const bytes = (part: unknown) =>
    ArrayBuffer.isView(part) ? new Uint8Array(part.buffer, part.byteOffset, part.byteLength).join() : part;
  return Object.entries(a as object).every(
    ([name, part]) => bytes(part) === bytes((b as Record<string, unknown>)[name]),
  );
}

const trials: { readonly [O in Op]: readonly Trial[] } = {
  matmul: [
    matmulTrial('1×1×1', 1, 1, 1),
    matmulTrial('M=1', 1, 6, 70),
    matmulTrial('odd', 3, 5, 7),
    matmulTrial('past a tile along each side, a row of zeros in W and in X', 33, 131, 261, ({ W }, { X }) => {
      W.fill(0, 261, 2 * 261);
      X.fill(0, 2 * 261, 3 * 261);
    }),
    matmulTrial('odd, all zeros', 3, 5, 7, ({ W }) => W.fill(0)),
    matmulTrial('odd, equal magnitudes', 3, 5, 7, ({ W }) => W.set(W.map(Math.sign))),
  ],
  attention: [
    attentionTrial('1×1×1', { M: 1, seqLen: 1, heads: 1, headDim: 1, causal: false }),
    attentionTrial('decode', { M: 1, seqLen: 70, heads: 2, headDim: 16, causal: true }),
    attentionTrial('odd, square, causal', { M: 5, seqLen: 5, heads: 2, headDim: 3, causal: true }),
    attentionTrial('odd, several tiles, causal', { M: 37, seqLen: 301, heads: 4, headDim: 19, causal: true }),
    // Scores in the hundreds overflow exp unless the maximum is taken off first.
    attentionTrial(
      'several tiles, zero keys in one head, large scores in the other',
      { M: 4, seqLen: 101, heads: 2, headDim: 8, causal: false },
      ({ K }) => K.set(K.map((k, i) => (i < 101 * 8 ? 0 : 100 * k))),
    ),
  ],
};

function matmulTrial(
  name: string,
  M: number,
  N: number,
  K: number,
  alter?: (weights: WeightsOf<'matmul'>, activations: ActivationsOf<'matmul'>) => unknown,
): Trial {
  const problem: MatmulProblem = { op: 'matmul', M, N, K, weights: 'contract', seed: 0 };
  const random = seededRandom(M * 10_007 + N * 101 + K);
  const weights = { W: gaussians(random, N * K) };
  const activations = { X: gaussians(random, M * K) };
  alter?.(weights, activations);
  return { name, problem, weights, activations };
}

function attentionTrial(
  name: string,
  shape: Omit<AttentionProblem, 'op' | 'weights' | 'seed'>,
  alter?: (weights: WeightsOf<'attention'>) => unknown,
): Trial {
  const problem: AttentionProblem = { op: 'attention', ...shape, weights: 'contract', seed: 0 };
  const { heads, M, seqLen, headDim } = shape;
  const random = seededRandom(M * 10_007 + seqLen * 101 + headDim);
  const [K, V] = [0, 1].map(() => gaussians(random, heads * seqLen * headDim));
  const weights = { K, V };
  alter?.(weights);
  return { name, problem, weights, activations: { Q: gaussians(random, heads * M * headDim) } };
}

function gaussians(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.gaussian());
}
