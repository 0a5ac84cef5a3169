// What one version of tare asks of a checkout of another, and all it asks: `tare ab` loads bench/judge/ab/side.ts out of
// each of the two trees, and each prepares its own kernels by its own contract. The file's path, `side`, and what stands here
// are agreed between versions: something may be added, nothing renamed. A checkout whose own contract says otherwise
// translates.
import type { Inputs } from '../../contract/operation.ts';
import type { Op, Problem } from '../../contract/problem.ts';
import type { RunArguments } from '../../contract/run-arguments.ts';
import type { Params } from '../../contract/technique.ts';

/** Raised when a version asks for what older checkouts can't answer. */
export const BRIDGE_VERSION = 1;

/** Which cases are meant, of tare's own techniques. A checkout passes over what it does not know. */
export type BridgeChoice = Omit<RunArguments, 'timeout' | 'inProcess' | 'threads' | 'browser' | 'kernels'>;

/** What is run. */
export interface BridgeKernel {
  readonly technique: string;
  /** As the checkout that is given them spells them. */
  readonly params: Params;
  readonly backend: string;
  readonly problem: Problem;
}

export interface BridgeCase extends BridgeKernel {
  readonly id: string;
  readonly suite: string;
  readonly baselineId: string;
  /** Equal for problems that are the same thing; what is neutral in a problem is not spelled. */
  readonly problemKey: string;
  /** The value of each axis and choice at which it changes nothing: what a version computes that lacks it. */
  readonly neutral: Params;
  /** Reads activations where stored indices say. */
  readonly irregularAccess: boolean;
}

/** A kernel that holds its weights and has the activations. */
export interface BridgePrepared {
  /** The timed call: on return the work is finished. */
  run(): void | Promise<void>;
  /** The output of the last run, row-major, a copy. */
  readOutput(): Promise<Float32Array>;
  /** What is wrong with the output of the last run, held against the checkout's own reference. */
  check(): Promise<string | undefined>;
  /**
   * What is wrong after many runs: the output must be right still and repeat `first`, and fresh activations must give their
   * own, so that a kernel that stopped computing is found out. Leaves other activations behind.
   */
  checkAgain(first: Float32Array): Promise<string | undefined>;
  dispose(): void;
}

export interface CheckoutSide {
  readonly version: number;
  /** The cases there are kernels for. Rejects with an error named InputError where the choice knows none of them. */
  cases(choice: BridgeChoice): Promise<BridgeCase[]>;
  /** How this checkout spells the parameters of another's case; undefined where it can't run the case. */
  paramsFor(entry: BridgeCase): Promise<Params | undefined>;
  /** Whether this checkout wants calibration activations among the inputs; not where it does not know of them. */
  needsCalibration?(entry: BridgeKernel): Promise<boolean>;
  prepare(
    entry: BridgeKernel,
    inputs: Inputs<Op>,
    threads: number,
  ): Promise<BridgePrepared | { readonly skip: string }>;
}
