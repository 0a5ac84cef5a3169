// gpu.js as kernels find it, in whatever mode.
import type { DeviceSpan } from './device-span.ts';

export type GpuMode = 'cpu' | 'webasm' | 'webgpu' | GlMode;
/** OpenGL: of a browser, or of the native package `gl` in Node. */
export type GlMode = 'webgl2' | 'headlessgl';

/** Extents in gpu.js's order, x (the one contiguous in memory) first. */
export type Size = readonly [x: number] | readonly [x: number, y: number] | readonly [x: number, y: number, z: number];

/** f32 values that stay with a kernel: weights, scales, indices. */
export interface Resident {
  readonly size: Size;
  readonly values: Float32Array;
}

/**
 * Values of which a kernel takes four at a time: `const v = a[y][x]` and then `v[0]` … `v[3]`, x counting fours; the output
 * of threads that return four is indexed as they are. On a GPU such a read costs about as much as that of one value; the
 * modes on the host refuse it.
 */
export interface Vectors<Values extends Resident | ResidentBytes | GpuBuffer> {
  readonly vectors: Values;
}

/** Whole numbers of 0 … 255 that stay with a kernel in a byte each; it finds them divided by 255. */
export interface ResidentBytes {
  readonly size: Size;
  readonly bytes: Uint8Array;
}

/** What a kernel finds as `this`; `C` types its constants as the kernel indexes them. */
export interface Thread<C> {
  readonly thread: { readonly x: number; readonly y: number; readonly z: number };
  readonly constants: C;
}

/** An input or constant array as kernels index it: `a[x]`, `a[y][x]` or `a[z][y][x]`, with one more where it is of vectors. */
export type Indexed = number[] | number[][] | number[][][] | number[][][][];

/**
 * A kernel in gpu.js's language: the body of one thread, which returns one value or an array of 2 … 4. It is compiled
 * from its own text, so it can refer to nothing but its inputs, `this` and `Math`.
 */
export type KernelSource<C, Inputs extends readonly Indexed[]> = (
  this: Thread<C>,
  ...inputs: Inputs
) => number | number[];

export interface StepOptions<C, Inputs> {
  /** Threads along x, y, z. */
  readonly threads: Size;
  /** Integers of 32 bits are integers inside a kernel too; other numbers are f32. */
  readonly constants: { readonly [Name in keyof C]: number | Resident | Vectors<Resident | ResidentBytes> };
  readonly inputs: { readonly [I in keyof Inputs]: GpuBuffer | Vectors<GpuBuffer> };
}

/** Values that live where the kernels run and change from call to call, indexed as `size` reversed: [z][y][x]. */
export interface GpuBuffer {
  readonly size: Size;
}

/**
 * Kernels that run one after another over buffers of their own. What one `run` includes beside the kernels' own
 * arithmetic depends on the mode, and is as little as gpu.js allows:
 *
 * - `cpu`: nothing; weights and inputs are read in place and outputs written over. Threads that return arrays allocate
 *   one small array each.
 * - `webasm`: copies all inputs into the memory of each kernel that reads them and all outputs out of it, into new
 *   arrays. Weights are in that memory for good.
 * - `webgpu`: encoding of the commands and one small uniform write per kernel, then the wait for the device.
 * - `webgl2`, `headlessgl`: the calls that bind textures and draw, then the wait for one pixel of the last output.
 */
export interface GpuProgram {
  /** Room for activations, zero until uploaded. */
  input(size: Size): GpuBuffer;
  /**
   * Appends a kernel; compiles it and runs it once. Later steps may read its output, whose `size` is that of the
   * threads, after the number of values where a thread returns several.
   */
  step<C, Inputs extends readonly Indexed[]>(
    source: KernelSource<C, Inputs>,
    options: StepOptions<C, Inputs>,
  ): Promise<GpuBuffer>;
  /**
   * Appends the steps of `body`, `count` times over; they read the number of the iteration as `iteration[0]`. The
   * outputs it returns are copied into inputs after each iteration, and are there still when the next run begins. They
   * are of threads that return four values, which GL lays out as inputs of the same size. Repeats may be nested.
   *
   * It stands for gpu.js's `createPipeline`, whose calls end with their results on the host, so that upload and readback
   * would be part of every run; and whose kernels are private copies that can't be asked where they run, what they hold
   * or for vectors.
   */
  repeat(count: number, body: (iteration: GpuBuffer) => Promise<readonly Carry[]>): Promise<void>;
  /** Finished on return; the length must be that of the buffer. */
  upload(input: GpuBuffer, values: Float32Array): void | Promise<void>;
  run(): void | Promise<void>;
  /** So many runs at once, none waited for, on the device's own clock; undefined where it has none. */
  readonly deviceSpan?: (calls: number) => Promise<DeviceSpan>;
  /** All values of an output in order; the next `read` of it may overwrite them. */
  read(output: GpuBuffer): Float32Array | Promise<Float32Array>;
  /** Bytes of all resident constants as the kernels' own memory holds them. */
  readonly residentBytes: number;
  /** Bytes of what only the steps themselves read: carried inputs, and all outputs but the last, where `repeat` has not kept them. */
  readonly intermediateBytes: number;
  /** Everything allocated on the device; undefined on the host. */
  readonly deviceBytes: number | undefined;
  dispose(): void;
}

/** An output and the input of the same length it becomes for the next iteration; or one that keeps it, for each iteration. */
export interface Carry {
  readonly from: GpuBuffer;
  readonly to: GpuBuffer | readonly GpuBuffer[];
}

/** Where the output of this iteration goes. */
export function targetOf({ to }: Carry, iteration: number): GpuBuffer {
  return 'size' in to ? to : to[iteration];
}

export interface Gpu {
  readonly mode: GpuMode;
  createProgram(): GpuProgram;
  /** Gives up the device or context, which all programs share; dispose of them first. */
  close(): Promise<void>;
}

/** Kernels of the other modes can't read vectors. */
export function isOfGpu(mode: GpuMode): boolean {
  return mode === 'webgpu' || isGl(mode);
}

/** Where arrays are textures, of which a texel of four values costs no more to read than one. */
export function isGl(mode: GpuMode): mode is GlMode {
  return mode === 'webgl2' || mode === 'headlessgl';
}
