// What every kernel must hold to, checked over small problems. Run by techniques.test.ts, one process or page a backend.

import { operationOf } from '../bench/contract/operations.ts';
import type { ActivationsOf, Op, WeightsOf } from '../bench/contract/problem.ts';
import type { KernelKind, Runtimes } from '../bench/contract/runtimes/runtimes.ts';
import type { Wasm } from '../bench/contract/runtimes/wasm.ts';
import type { Params, PreparedKernel, StoredBytes, Technique } from '../bench/contract/technique.ts';
import { checkOutput } from '../bench/measure/check.ts';
import { measureDrift } from '../bench/measure/drift.ts';
import { referenceFor } from '../bench/measure/instance.ts';
import { type Counted, prepareCounted } from './contract-memory.ts';
import { attemptsOf } from './contract-params.ts';
import { calibrationOf, type Trial, type TrialSet } from './contract-trials.ts';

export interface ContractOutcome {
  readonly name: string;
  /** What the kernel broke; empty where nothing. */
  readonly failures: readonly string[];
}

export interface ContractSubject {
  readonly techniques: ReadonlyMap<string, Technique>;
  readonly kind: KernelKind;
  readonly runtime: Runtimes[KernelKind];
  /** Every technique but yardsticks must have a kernel of the kind; else only baselines, without which nothing can be measured. */
  readonly mustHaveAll: boolean;
  /** Fewer than all where the same kernels are put to all of them elsewhere. */
  readonly trials: TrialSet;
}

/** Every technique with all its parameters over the trials of its operation and past its own borders, on one backend. */
export async function checkContract(subject: ContractSubject): Promise<ContractOutcome[]> {
  const { techniques, kind, runtime, mustHaveAll } = subject;
  const outcomes: ContractOutcome[] = [];
  // Threads that write to each other's scratch don't meet in every run.
  const repeats = kind === 'wasm' && (runtime as Wasm).threads > 1 ? 10 : 1;
  for (const [id, technique] of techniques) {
    const makeKernel = technique.kernels[kind];
    if (makeKernel === undefined) {
      const isOwn = mustHaveAll && technique.family !== 'yardstick' && technique.missing?.[kind] === undefined;
      const isBaseline = operationOf(technique.op).baseline === id;
      const others = [...techniques.values()].filter(({ op }) => op === technique.op);
      const isNeeded = isOwn || (isBaseline && others.some(({ kernels }) => kind in kernels));
      if (isNeeded) outcomes.push({ name: id, failures: [`has no ${kind} kernel`] });
      continue;
    }
    for (const { params, trial } of attemptsOf(id, technique, kind, subject.trials)) {
      const name = [id, ...Object.values(params), trial.name].join(' ');
      const { problem, weights } = trial;
      const calibration = technique.needsCalibration?.(params) ? calibrationOf(trial) : undefined;
      const packed = technique.pack(structuredClone(weights), problem, params, calibration);
      const prepare = () =>
        prepareCounted(kind, runtime, (own) => makeKernel({ packed, problem, params, runtime: own }));
      const failures = [
        ...checkPacking(technique, params, trial, packed),
        ...(await checkKernel(technique, params, trial, packed, prepare, repeats)),
      ];
      outcomes.push({ name, failures });
    }
  }
  return outcomes;
}

const F32_BYTES = 4;

/** Budgets speak of whole layers: among a handful of weights a single one decides. */
const ENOUGH_WEIGHTS = 500;

function checkPacking(technique: Technique, params: Params, trial: Trial, packed: unknown): string[] {
  const { problem, weights } = trial;
  const failures: string[] = [];
  const stored = totalBytes(technique.bytes(packed));
  const held = bytesHeld(packed);
  if (stored !== held) failures.push(`bytes: must be ${held}, got ${stored}`);
  failures.push(...checkUnstored(technique, params, trial, packed));
  const unpacked = technique.unpack(packed, problem, params);
  failures.push(...checkFlops(technique, params, trial, packed, unpacked));
  // Weights that were transformed are no nearer to the original ones than any others; their product is.
  if (params.transform !== undefined || technique.folded?.(packed) !== undefined) {
    const { activations } = trial;
    const presented = technique.quantizeActivations?.(activations, problem, params, packed)?.activations ?? activations;
    // Keys are no weights that anything is looked up in.
    const isLookedUp = problem.op === 'matmul';
    const restored = technique.restore?.(packed, problem, params) ?? unpacked;
    return [
      ...failures,
      ...checkProduct('unpack', technique, params, trial, presented, unpacked),
      ...(isLookedUp ? checkProduct('restore', technique, params, trial, activations, restored) : []),
    ];
  }
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

/** What is said not to matter to what is stored. */
function checkUnstored(technique: Technique, params: Params, trial: Trial, packed: unknown): string[] {
  const { unstored = [], needsCalibration, pack } = technique;
  const stored = Object.fromEntries(Object.entries(params).filter(([name]) => !unstored.includes(name)));
  if (Object.keys(stored).length === Object.keys(params).length) return [];
  const calibration = needsCalibration?.(params) ? calibrationOf(trial) : undefined;
  const other = pack(structuredClone(trial.weights), trial.problem, stored, calibration);
  return isDeepSame(packed, other) ? [] : [`unstored: must not change what is stored, got ${unstored.join(', ')}`];
}

function checkProduct(
  by: 'unpack' | 'restore',
  technique: Technique,
  params: Params,
  { problem, weights, activations }: Trial,
  presented: Trial['activations'],
  unpacked: WeightsOf<Op>,
): string[] {
  const operation = operationOf(problem.op);
  const rows = Array.from({ length: operation.outputShape(problem).rows }, (_, row) => row);
  const expected = operation.reference(problem, weights, activations, rows).values;
  const got = Float32Array.from(operation.reference(problem, unpacked, presented, rows).values);
  const { sqnr_db } = measureDrift(got, expected);
  const budget = technique.minSqnrDb(params);
  const isEnough = entries(weights).every(([, values]) => values.length >= ENOUGH_WEIGHTS);
  if (!isEnough || sqnr_db === undefined || sqnr_db >= budget) return [];
  return [`${by}: the product must keep ${budget} dB, got ${sqnr_db.toFixed(1)}`];
}

/** Of counts that are quotients. */
const ROUNDING = 1e-12;

/**
 * Every weight that is stored costs its share of the uncompressed work, unless it is a zero, which may be left out. Factors
 * stand for more weights than are stored.
 */
function checkFlops(
  technique: Technique,
  params: Params,
  trial: Trial,
  packed: unknown,
  unpacked: WeightsOf<Op>,
): string[] {
  const operation = operationOf(trial.problem.op);
  const flops = technique.flops(packed, trial.problem);
  const each = operation.denseFlops(trial.problem) / (operation.denseBytes(trial.problem) / 4);
  const { values: valueBytes, corrections = 0 } = technique.bytes(packed);
  const stored = (8 * valueBytes) / (technique.columns?.(params).bits ?? 32) + corrections / F32_BYTES;
  const nonzeros = entries(unpacked).reduce((sum, [, values]) => sum + values.filter((value) => value !== 0).length, 0);
  const least = each * Math.min(nonzeros, stored);
  if (flops >= least * (1 - ROUNDING) && flops <= each * stored * (1 + ROUNDING)) return [];
  return [`flops: must lie between ${least} and ${each * stored}, got ${flops}`];
}

async function checkKernel(
  technique: Technique,
  params: Params,
  { problem, activations, border }: Trial,
  packed: unknown,
  prepare: () => Promise<Counted>,
  repeats: number,
): Promise<string[]> {
  const failures: string[] = [];
  const operation = operationOf(problem.op);
  const rows = Array.from({ length: operation.outputShape(problem).rows }, (_, row) => row);
  const packedBefore = structuredClone(packed);
  const unpacked = structuredClone(technique.unpack(packed, problem, params));
  const uploaded = structuredClone(activations);
  const { kernel, heldBytes } = await prepare();
  const expect = (inputs: ActivationsOf<Op>) =>
    referenceFor(kernel, technique, params, problem, { packed, weights: unpacked }, inputs, rows);

  await kernel.upload(uploaded);
  const first = await outputOf(kernel);
  const reference = expect(activations);
  const wrong = checkOutput(first, reference).failure;
  if (wrong !== undefined) failures.push(wrong);
  if (!(await repeatsItself(kernel, first, repeats))) failures.push('a further run must give the same output');
  if (!isDeepSame(uploaded, activations)) failures.push('activations must be left as they were');
  if (!isDeepSame(packed, packedBefore)) failures.push('packed weights must be left as they were');

  const fresh = operation.freshActivations(activations);
  const freshReference = expect(fresh);
  await kernel.upload(fresh);
  const stale = checkOutput(await outputOf(kernel), freshReference).failure;
  if (stale !== undefined) failures.push(`with fresh activations, ${stale}`);
  if (border === undefined) failures.push(...checkWorkspace(technique, problem, packed, kernel, heldBytes));
  kernel.dispose();
  const isZero = reference.values.every((value) => value === 0);
  if (!isZero && checkOutput(new Float32Array(first.length), reference).failure === undefined) {
    failures.push('an all-zeros output must be rejected, got it accepted');
  }
  return failures;
}

/** What filling up rows, columns and groups may add to what a kernel holds, and what more it may add where that is little. */
const PADDING = { factor: 1.5, bytes: 4096 };

/** What a kernel holds beside scratch must be its activations, its output and at most one copy of its weights. */
function checkWorkspace(
  technique: Technique,
  problem: Trial['problem'],
  packed: unknown,
  { workspaceBytes }: PreparedKernel<Op>,
  heldBytes: number | undefined,
): string[] {
  if (workspaceBytes === undefined) return [];
  if (!(Number.isInteger(workspaceBytes) && workspaceBytes >= 0)) {
    return [`workspaceBytes: must be a count, got ${workspaceBytes}`];
  }
  if (heldBytes === undefined) return [];
  const stored = totalBytes(technique.bytes(packed));
  const activations = operationOf(problem.op).activationBytes(problem);
  const most = heldBytes - activations;
  const least = heldBytes - PADDING.factor * (activations + stored) - PADDING.bytes;
  if (workspaceBytes <= most && workspaceBytes >= least) return [];
  return [`workspaceBytes: must lie between ${least} and ${most}, got ${workspaceBytes}`];
}

async function repeatsItself(kernel: PreparedKernel<Op>, first: Float32Array, repeats: number): Promise<boolean> {
  for (let run = 0; run < repeats; run++) if (!isSame(first, await outputOf(kernel))) return false;
  return true;
}

async function outputOf(kernel: PreparedKernel<Op>): Promise<Float32Array> {
  await kernel.run();
  return (await kernel.readOutput()).slice();
}

function totalBytes({ values, indices, scales, corrections = 0 }: StoredBytes): number {
  return values + indices + scales + corrections;
}

function entries(tensors: WeightsOf<Op> | ActivationsOf<Op>): [string, Float32Array][] {
  return Object.entries<unknown>({ ...tensors }).flatMap(([name, values]) =>
    values instanceof Float32Array ? [[name, values]] : [],
  );
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
  return Object.entries(a as object).every(([name, part]) => isSamePart(part, (b as Record<string, unknown>)[name]));
}

function isSamePart(a: unknown, b: unknown): boolean {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) {
    return a === b || (typeof a === 'object' && typeof b === 'object' && isDeepSame(a, b));
  }
  const [bytes, others] = [a, b].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  return bytes.length === others.length && bytes.every((byte, i) => byte === others[i]);
}
