// The contract a technique fills in. `kernels/<id>/technique.ts` default-exports `defineTechnique({...})`; the folder's
// name is the technique's id and nothing else lists it.
import type { Calibration } from './calibration.ts';
import type { GgufType } from './gguf-type.ts';
import type { ActivationsOf, LayerOp, Op, ProblemOf, WeightsOf } from './problem.ts';
import type { DeviceSpan } from './runtimes/device-span.ts';
import type { KernelKind, Runtimes } from './runtimes/runtimes.ts';

export type AxisValue = string | number;
/**
 * The parameters a technique can be run with: each axis and all its values, in the order case ids spell them. An axis that
 * joins later begins with the value at which it changes nothing, so that `tare ab` finds the cases of before.
 */
export type Axes = Readonly<Record<string, readonly AxisValue[]>>;
export type ParamsOf<A extends Axes> = { readonly [Axis in keyof A]: A[Axis][number] };

/**
 * What kind of compression a technique is; suites choose techniques by it. A yardstick compresses nothing: others are held
 * against it, on the backends that have it.
 */
export type Family = 'dense' | 'sparse' | 'quantized' | 'low-rank' | 'attention' | 'yardstick';

/** Bytes that really lie in memory for the weights, by what they hold; row pointers count as indices. */
export interface StoredBytes {
  readonly values: number;
  readonly indices: number;
  readonly scales: number;
  /** What is added back beside the weights, such as low-rank factors; 0 where not said. */
  readonly corrections?: number;
}

export interface KernelContext<O extends Op, Packed, Params, Runtime> {
  readonly packed: Packed;
  readonly problem: ProblemOf<O>;
  readonly params: Params;
  readonly runtime: Runtime;
}

/** One technique on one kind of backend: takes the packed weights to where they are used and compiles what is needed. */
export type Kernel<O extends Op, Packed, Params, Runtime> = (
  context: KernelContext<O, Packed, Params, Runtime>,
) => PreparedKernel<O> | Promise<PreparedKernel<O>>;

/** Activations as a kernel rounds them, and by how much each may be off where the rounding was nearly a tie. */
export interface RoundedActivations<O extends Op> {
  readonly activations: ActivationsOf<O>;
  readonly slack: ActivationsOf<O>;
}

/** Addresses of X [M,K] and Y [M,N], whose rows are `ldY` values apart. */
export interface KernelPlaces {
  readonly X: number;
  readonly Y: number;
  readonly ldY: number;
  /** [K], by which X must come divided there; `upload` divides by itself. */
  readonly divisors?: Float32Array;
}

export interface PreparedKernel<O extends Op> {
  /** Takes new activations into the kernel's own memory, finished on return. On a device, timed apart. */
  upload(activations: ActivationsOf<O>): void | Promise<void>;
  /** The one timed call: overwrites the output, allocates nothing, and on return the work is finished. */
  run(): void | Promise<void>;
  /** The output of the last run, row-major. On a device, timed apart. May be a view that the next run overwrites. */
  readOutput(): Float32Array | Promise<Float32Array>;
  /**
   * The technique's `quantizeActivations`, where this kernel rounds activations in a way of its own: what it is held
   * against instead.
   */
  quantizeActivations?(activations: ActivationsOf<O>): RoundedActivations<O>;
  /** So many runs at once, none waited for, on the device's own clock, where it has one; outputs are as after `run`. */
  deviceSpan?(calls: number): Promise<DeviceSpan>;
  /** Where its neighbours in WebAssembly's memory find what it reads and writes. */
  readonly places?: KernelPlaces;
  /** Which of several code paths this kernel chose for the problem and the machine; undefined where it has but one. */
  readonly variant?: string;
  /** What the last run did, where that hangs on the activations; what the technique and its bytes say where not said. */
  work?(): Work;
  /** What most of the work is done in, where the machine decides that; undefined where it is what the technique says. */
  readonly arithmetic?: Arithmetic;
  /** Scratch the kernel holds beside weights, activations and output; undefined where another's runtime keeps it to itself. */
  readonly workspaceBytes: number | undefined;
  /** Of a model's caches. */
  readonly kvCacheBytes?: number;
  /** Everything allocated on the device; undefined on CPU backends. */
  readonly deviceBytes?: number;
  dispose(): void;
}

/** Operations of one call, and bytes of the packed weights that it reads. */
export interface Work {
  readonly flops: number;
  readonly weightBytes: number;
}

/** What most of the work is done in, which sets the roof it is held against. */
export type Arithmetic = 'f32' | 'int8';

/** The sizes of a problem, without where its inputs come from. */
export type ShapeOf<O extends Op> = O extends Op ? Omit<ProblemOf<O>, 'op' | 'weights' | 'seed' | 'file'> : never;

/** A shape that takes a kernel past the end of a block, a tile or a table: into code that smaller problems never reach. */
export interface Border<O extends Op, P> {
  /** Sizes that aren't given are small. */
  readonly shape: Partial<ShapeOf<O>>;
  /** With which parameters; with all where not given. */
  readonly params?: Partial<P>;
}

export interface TechniqueSpec<O extends Op, A extends Axes, Packed> {
  readonly op: O & LayerOp;
  readonly family: Family;
  readonly summary: string;
  /** The paper or format specification it follows. */
  readonly source: string;
  readonly axes: A;
  /**
   * Axes whose first value is neutral, the technique as it is without the choice: that value is left out of parameters and
   * case ids, and what names no choice gets it alone.
   */
  readonly choices?: Axes;
  /** Why this problem can't be run with these parameters, if so: it ends as a skipped row. */
  skip?(problem: ProblemOf<O>, params: ParamsOf<A>): string | undefined;
  /** Axes and choices that `pack` does not look at: weights are stored alike whatever their values. */
  readonly unstored?: readonly string[];
  /** Whether `pack` looks at calibration activations. */
  needsCalibration?(params: ParamsOf<A>): boolean;
  pack(weights: WeightsOf<O>, problem: ProblemOf<O>, params: ParamsOf<A>, calibration?: Calibration): Packed;
  /** The weights the packed form stands for, which meet the activations of `quantizeActivations`: the oracle of every kernel. */
  unpack(packed: Packed, problem: ProblemOf<O>, params: ParamsOf<A>): WeightsOf<O>;
  /**
   * The same beside activations that nothing transforms, where the technique transforms weights and activations alike: what rows
   * are looked up in that are a product's weights too. Those of `unpack` where not said.
   */
  restore?(packed: Packed, problem: ProblemOf<O>, params: ParamsOf<A>): WeightsOf<O>;
  /**
   * The activations as the technique transforms or rounds them, where it does, since those are what a kernel multiplies. A
   * value that lies almost halfway between two steps may be rounded either way, depending on the order of a kernel's
   * arithmetic: for each element, `slack` is the step it may be off by then.
   */
  quantizeActivations?(
    activations: ActivationsOf<O>,
    problem: ProblemOf<O>,
    params: ParamsOf<A>,
    packed: Packed,
  ): RoundedActivations<O> | undefined;
  /** What a reader must know of figures that look like any other's: how the format failed on these weights, if it did. */
  caveat?(weights: WeightsOf<O>, packed: Packed, problem: ProblemOf<O>, params: ParamsOf<A>): string | undefined;
  bytes(packed: Packed): StoredBytes;
  /** Floating-point (or integer) operations really executed; the dense-equivalent count comes from the operation. */
  flops(packed: Packed, problem: ProblemOf<O>): number;
  /** Drift budget on the suites' inputs: the least acceptable SQNR against the original weights, in dB. */
  minSqnrDb(params: ParamsOf<A>): number;
  /** f32 where not said. */
  arithmetic?(params: ParamsOf<A>, problem: ProblemOf<O>): Arithmetic;
  /** Reads activations where stored indices say: its times scatter more, so small differences say nothing. */
  readonly irregularAccess?: true;
  /** The folder whose compiled WebAssembly its kernel opens, where that isn't its own. */
  readonly wasmModule?: string;
  /** Columns of the result row this technique fills beside the common ones. */
  columns?(params: ParamsOf<A>): { sparsity?: number; bits?: number; group_size?: number };
  /** The packed weights as a tensor of a GGUF file, row after row, where GGUF has the format. */
  readonly gguf?: {
    readonly type: GgufType;
    /** Why what is done beside the format is not in it, if so: a transform, a correction. */
    skip?(params: ParamsOf<A>): string | undefined;
    encode(packed: Packed, problem: ProblemOf<O>, params: ParamsOf<A>): Uint8Array;
  };
  /** Part of a transform that costs nothing at run time, since the layer before can give its outputs as they are wanted. */
  folded?(packed: Packed): string | undefined;
  readonly kernels: { readonly [Kind in KernelKind]?: Kernel<O, Packed, ParamsOf<A>, Runtimes[Kind]> };
  /** Why there is no kernel of a kind, where there could be one. */
  readonly missing?: { readonly [Kind in KernelKind]?: string };
  /** What tests must put to the kernels beside the shapes that all kernels are tried with, named by their own constants. */
  readonly borders?: { readonly [Kind in KernelKind]?: readonly Border<O, ParamsOf<A>>[] };
}

/** Parameters of any technique, in axis order. */
export type Params = Readonly<Record<string, AxisValue>>;
/** A technique whose own types are no longer known; only what it packed itself may be given back to it. */
export interface Technique<O extends Op = Op> extends Omit<TechniqueSpec<O, Axes, unknown>, 'kernels' | 'borders'> {
  readonly kernels: { readonly [Kind in KernelKind]?: Kernel<O, unknown, Params, unknown> };
  readonly borders?: { readonly [Kind in KernelKind]?: readonly Border<O, Params>[] };
}

export function defineTechnique<O extends Op, const A extends Axes, Packed>(
  spec: TechniqueSpec<O, A, Packed>,
): Technique {
  return spec as Technique<Op>;
}

/** Every combination of the axes' values, first axis slowest. */
export function paramGrid(axes: Axes): Params[] {
  return Object.entries(axes).reduce<Params[]>(
    (grid, [axis, values]) => grid.flatMap((params) => values.map((value) => ({ ...params, [axis]: value }))),
    [{}],
  );
}
