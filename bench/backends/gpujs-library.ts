// The part of gpu.js 2.24.1 that is used here, typed by hand: its own types cover neither the webgpu mode nor what must
// be read back from a kernel to know what it really did. gpu.js loads only when asked for; it is CommonJS.
import { createRequire } from 'node:module';
import type { GpuMode, Resident, Size } from './gpujs.ts';

export interface GpuJsLibrary {
  readonly GPU: new (settings: { mode: string }) => GpuJsInstance;
  /** A flat array with its extents, x first. */
  readonly Input: new (
    value: Float32Array,
    size: number[],
  ) => GpuJsInput;
  readonly WebGPUContext: { acquire(): Promise<GpuJsContext>; destroy(): Promise<void> };
  /** A buffer on the device as a kernel's argument or result. */
  readonly WebGPUBufferResult: new (settings: {
    buffer: GPUBuffer;
    output: number[];
    componentCount: number;
    context: GpuJsContext;
  }) => GpuJsBufferResult;
}

export interface GpuJsInput {
  value: Float32Array;
  readonly size: number[];
}

export interface GpuJsContext {
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
  readonly isLost: boolean;
}

export interface GpuJsBufferResult {
  readonly buffer: GPUBuffer;
  /** Gives up this handle's share of the buffer. */
  delete(): void;
}

export interface GpuJsInstance {
  createKernel(source: string, settings: GpuJsSettings): GpuJsShortcut;
  destroy(): Promise<void>;
}

export interface GpuJsSettings {
  output: number[];
  constants: Record<string, number | GpuJsInput>;
  /** `Integer`, `Float` or `Input`. */
  constantTypes: Record<string, string>;
  /** Where loops whose bound is no constant are cut off, silently. */
  loopMaxIterations: number;
  pipeline: boolean;
  precision: 'single';
}

/** What `createKernel` returns: a function that runs whatever kernel gpu.js has put behind it. */
export interface GpuJsShortcut {
  (...inputs: (GpuJsInput | GpuJsBufferResult | GpuJsArray)[]): GpuJsArray | Promise<GpuJsBufferResult>;
  readonly kernel: GpuJsKernel;
}

/** A result on the host: rows in `Array`s for each further dimension, the values of `Array(4)` innermost. */
export type GpuJsArray = Float32Array | readonly GpuJsArray[];

/** The compiled kernel; the members below `destroy` are gpu.js's own business and may change with its version. */
export interface GpuJsKernel {
  readonly constructor: { readonly name: string; readonly mode: string };
  readonly fallbackReason: string | null;
  constants: Record<string, number | GpuJsInput> | null;
  destroy(): void;
  /** `Array(4)`, or some kind of number. */
  readonly returnType: string | null;
  /** webasm: makes nested arrays out of the flat output. */
  _shapeOutput?: (data: Float32Array) => GpuJsArray;
  /** webgpu */
  readonly outputBuffer?: GPUBuffer;
  readonly paramsBuffer?: GPUBuffer;
  readonly constantBuffers?: readonly GPUBuffer[];
}

/** Above any loop that ends: a loop must not be cut off where its bound is no constant. */
const UNLIMITED = 2 ** 30;

const KERNEL_CLASS = { cpu: 'CPUKernel', webasm: 'WebAssemblyKernel', webgpu: 'WebGPUKernel' } satisfies Record<
  GpuMode,
  string
>;

export function loadGpuJs(): GpuJsLibrary {
  return createRequire(import.meta.url)('gpu.js');
}

export function kernelSettings(
  { Input }: GpuJsLibrary,
  threads: Size,
  constants: Readonly<Record<string, number | Resident>>,
): GpuJsSettings {
  const settings: GpuJsSettings = {
    output: [...threads],
    constants: {},
    constantTypes: {},
    loopMaxIterations: UNLIMITED,
    pipeline: true,
    precision: 'single',
  };
  for (const [name, value] of Object.entries(constants)) {
    const isNumber = typeof value === 'number';
    settings.constants[name] = isNumber ? value : new Input(value.values, [...value.size]);
    settings.constantTypes[name] = !isNumber ? 'Input' : (value | 0) === value ? 'Integer' : 'Float';
  }
  return settings;
}

/** Lets go of the weights gpu.js keeps beside the copy it made of them in the kernel's own memory. */
export function releaseHostCopies({ constants }: GpuJsSettings): void {
  for (const name of Object.keys(constants)) if (typeof constants[name] !== 'number') delete constants[name];
}

export function residentBytes(constants: Readonly<Record<string, number | Resident>>): number {
  return Object.values(constants).reduce<number>(
    (sum, value) => sum + (typeof value === 'number' ? 0 : value.values.byteLength),
    0,
  );
}

/** To be asked after the first call: only then has gpu.js decided what really runs. */
export function assertMode(
  { constructor: kernel, fallbackReason }: Pick<GpuJsKernel, 'constructor' | 'fallbackReason'>,
  mode: GpuMode,
): void {
  if (kernel.name === KERNEL_CLASS[mode] && kernel.mode === mode && fallbackReason === null) return;
  const reason = fallbackReason === null ? '' : `: ${fallbackReason}`;
  throw new Error(`gpu.js: a kernel must run in mode ${mode}, got ${kernel.name}${reason}`);
}

export function volume(size: Size): number {
  return size.reduce<number>((product, extent) => product * extent, 1);
}

/** gpu.js would read past the end of a shorter argument, or leave the rest of a longer one's room as it was. */
export function assertLength(values: Float32Array, size: Size): void {
  if (values.length === volume(size)) return;
  throw new Error(`gpu.js: an input of [${size.join(', ')}] takes ${volume(size)} values, got ${values.length}`);
}

/** Extents of a kernel's output as a later kernel indexes it: the values of one thread come first. */
export function outputSize({ returnType }: GpuJsKernel, threads: Size): Size {
  if (!returnType?.startsWith('Array(')) return threads;
  const [x, y, z] = threads;
  if (z !== undefined) throw new Error('gpu.js: threads that return arrays lie along x and y only, got z');
  const components = Number(returnType['Array('.length]);
  return y === undefined ? [components, x] : [components, x, y];
}
