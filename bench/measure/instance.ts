// A technique made ready to run on one problem, with what its output must be.
import type { Case } from '../contract/case.ts';
import type { Inputs, Operation, Reference } from '../contract/operation.ts';
import { operationOf } from '../contract/operations.ts';
import type { ActivationsOf, Op, WeightsOf } from '../contract/problem.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import type { Params, PreparedKernel, Technique } from '../contract/technique.ts';
import type { EnergySource } from './energy/turn-energy.ts';
import type { Instruments } from './instruments.ts';

/** Where both kernels of a case run. */
export interface Place extends Pick<Instruments, 'preemptions' | 'canary'> {
  readonly kind: KernelKind;
  readonly device: 'cpu' | 'gpu';
  readonly runtime: Runtimes[KernelKind];
  /** Missing where nothing tells what the processor takes. */
  readonly energy?: EnergySource;
}

export interface Instance {
  readonly technique: Technique;
  readonly packed: unknown;
  readonly kernel: PreparedKernel<Op>;
  readonly weights: WeightsOf<Op>;
  readonly reference: Reference;
}

/** Whoever prepares an instance disposes of its kernel. */
export async function prepare(
  technique: Technique,
  params: Params,
  { problem }: Pick<Case, 'problem'>,
  { weights, activations, checked = activations, calibration }: Inputs<Op>,
  { kind, runtime }: Place,
): Promise<Instance> {
  const makeKernel = technique.kernels[kind];
  if (makeKernel === undefined) throw new Error(`baseline: must have a ${kind} kernel, got none`);
  const packed = technique.pack(weights, problem, params, calibration);
  const kernel = await makeKernel({ packed, problem, params, runtime });
  try {
    await kernel.upload(checked);
    const unpacked = technique.unpack(packed, problem, params);
    const rows = Array.from({ length: operationOf(problem.op).outputShape(problem).rows }, (_, row) => row);
    const reference = referenceFor(kernel, technique, params, problem, { packed, weights: unpacked }, checked, rows);
    return { technique, packed, kernel, weights: unpacked, reference };
  } catch (error) {
    kernel.dispose();
    throw error;
  }
}

/** Prepares an instance, works with it and disposes of it, however that ends. */
export async function withInstance<T>(
  prepared: Promise<Instance>,
  work: (instance: Instance) => Promise<T>,
): Promise<T> {
  const instance = await prepared;
  try {
    return await work(instance);
  } finally {
    instance.kernel.dispose();
  }
}

/** The right output of a kernel: float64 on the technique's unpacked weights and on the activations it really multiplies. */
export function referenceFor(
  kernel: PreparedKernel<Op>,
  technique: Technique,
  params: Params,
  problem: Case['problem'],
  { packed, weights }: Pick<Instance, 'packed' | 'weights'>,
  activations: ActivationsOf<Op>,
  rows: readonly number[],
): Reference {
  const operation: Operation<Op> = operationOf(problem.op);
  const rounded =
    kernel.quantizeActivations?.(activations) ?? technique.quantizeActivations?.(activations, problem, params, packed);
  return operation.reference(problem, weights, rounded?.activations ?? activations, rows, rounded?.slack);
}

/** The output after one run, copied. */
export async function runOnce(kernel: PreparedKernel<Op>): Promise<Float32Array> {
  await kernel.run();
  return (await kernel.readOutput()).slice();
}
