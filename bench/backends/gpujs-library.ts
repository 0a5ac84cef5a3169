// The part of gpu.js 2.24.1 that is used here, typed by hand: its own types cover neither the webgpu mode nor what must
// be read back from a kernel to know what it really did. gpu.js loads only when asked for.
import type { GpuBuffer, GpuMode, Resident, ResidentBytes, Size, Vectors } from '../contract/runtimes/gpujs.ts';

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
  readonly utils: { closestSquareDimensions(texels: number): ArrayLike<number> };
  readonly CPUKernel: object;
  readonly WebAssemblyKernel: object;
  readonly WebGPUKernel: object;
  readonly WebGL2Kernel: object;
  readonly HeadlessGLKernel: object;
}

/**
 * A texture as a kernel's argument or constant. gpu.js takes it for one of its own class by `type`; an object of that
 * class would count as another user of the texture, which its kernel then writes no more.
 */
export interface GpuJsTexture {
  readonly texture: WebGLTexture;
  readonly size: readonly [width: number, height: number];
  /** Extents as the kernel indexes it, x first, always three. */
  readonly dimensions: readonly number[];
  readonly context: WebGLRenderingContext | WebGL2RenderingContext;
  /** One value a texel, four values a texel taken one by one, or taken together. */
  readonly type: 'ArrayTexture(1)' | 'MemoryOptimizedNumberTexture' | 'ArrayTexture(4)';
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
  constants: Record<string, number | GpuJsInput | GpuJsTexture>;
  /** `Integer`, `Float`, `Input` or the type of a texture. */
  constantTypes: Record<string, string>;
  /** Where loops whose bound is no constant are cut off, silently. */
  loopMaxIterations: number;
  pipeline: boolean;
  precision: 'single';
  /** Or else GL computes in as few bits as the size of the output allows. */
  tactic: 'precision';
}

/** What `createKernel` returns: a function that runs whatever kernel gpu.js has put behind it. */
export interface GpuJsShortcut {
  (
    ...inputs: (GpuJsInput | GpuJsBufferResult | GpuJsTexture | GpuJsArray)[]
  ): GpuJsArray | Promise<GpuJsBufferResult> | GpuJsTexture;
  readonly kernel: GpuJsKernel;
}

/** A result on the host: rows in `Array`s for each further dimension, the values of `Array(4)` innermost. */
export type GpuJsArray = Float32Array | readonly GpuJsArray[];

/** The compiled kernel; the members below `destroy` are gpu.js's own business and may change with its version. */
export interface GpuJsKernel {
  readonly constructor: { readonly name: string };
  readonly fallbackReason: string | null;
  destroy(): void;
  /** `Array(4)`, or some kind of number. */
  readonly returnType: string | null;
  /** webasm: makes nested arrays out of the flat output. */
  _shapeOutput?: (data: Float32Array) => GpuJsArray;
  readonly argumentNames?: readonly string[];
  /** webgpu */
  assembleWGSL?(): string;
  readonly outputBuffer?: GPUBuffer;
  readonly paramsBuffer?: GPUBuffer;
  readonly constantBuffers?: readonly GPUBuffer[];
  /** GL */
  readonly context?: WebGLRenderingContext;
  readonly canvas?: { width: number; height: number };
  getFragmentShader?(args: unknown): string;
  readonly fragShader?: WebGLShader;
  readonly program?: WebGLProgram;
  readonly framebuffer?: WebGLFramebuffer;
  /** Corners of the rectangle it draws: positions, then places in the output. */
  readonly buffer?: WebGLBuffer;
  readonly texture?: { readonly texture: WebGLTexture };
  readonly texSize?: ArrayLike<number>;
  readonly compiledSource?: string | null;
}

/** Above any loop that ends: a loop must not be cut off where its bound is no constant. */
const UNLIMITED = 2 ** 30;

const KERNEL_CLASS = {
  cpu: 'CPUKernel',
  webasm: 'WebAssemblyKernel',
  webgpu: 'WebGPUKernel',
  webgl2: 'WebGL2Kernel',
  headlessgl: 'HeadlessGLKernel',
} as const satisfies Record<GpuMode, keyof GpuJsLibrary>;

/** It is CommonJS, which stands as the default export in Node and in a bundle for the browser alike. */
export async function loadGpuJs(): Promise<GpuJsLibrary> {
  const loaded: object = await import('gpu.js');
  return (loaded as { default: GpuJsLibrary }).default;
}

export type Constants = Readonly<Record<string, number | Resident | Vectors<Resident | ResidentBytes>>>;

/** Settings of a kernel whose constants are copied by gpu.js into the kernel's own memory. */
export function kernelSettings({ Input }: GpuJsLibrary, threads: Size, constants: Constants): GpuJsSettings {
  const settings = bareSettings(threads);
  for (const [name, value] of Object.entries(constants)) {
    if (typeof value === 'number') setNumber(settings, name, value);
    else {
      const { values, size } = singly(value);
      settings.constants[name] = new Input(values, [...size]);
      settings.constantTypes[name] = 'Input';
    }
  }
  return settings;
}

export function bareSettings(threads: Size): GpuJsSettings {
  return {
    output: [...threads],
    constants: {},
    constantTypes: {},
    loopMaxIterations: UNLIMITED,
    pipeline: true,
    precision: 'single',
    tactic: 'precision',
  };
}

export function setNumber(settings: GpuJsSettings, name: string, value: number): void {
  settings.constants[name] = value;
  settings.constantTypes[name] = (value | 0) === value ? 'Integer' : 'Float';
}

/** Values a kernel reads one by one: all that the modes on the host have. */
export function singly<Values extends Resident | GpuBuffer>(values: Values | Vectors<Values | ResidentBytes>): Values {
  if ('vectors' in values) throw new Error("gpu.js: only kernels of a GPU's modes read four values at once");
  return values;
}

/** Lets go of the weights gpu.js keeps beside the copy it made of them in the kernel's own memory. */
export function releaseHostCopies({ constants }: GpuJsSettings): void {
  for (const name of Object.keys(constants)) if (typeof constants[name] !== 'number') delete constants[name];
}

export function residentBytes(constants: Constants): number {
  return Object.values(constants).reduce<number>(
    (sum, value) => sum + (typeof value === 'number' ? 0 : dataOf(unwrapped(value)).byteLength),
    0,
  );
}

export function dataOf(resident: Resident | ResidentBytes): Float32Array | Uint8Array {
  return 'bytes' in resident ? resident.bytes : resident.values;
}

export function unwrapped<Values extends Resident | ResidentBytes | GpuBuffer>(
  values: Values | Vectors<Values>,
): Values {
  return 'vectors' in values ? values.vectors : values;
}

/** To be asked after the first call: only then has gpu.js decided what really runs. */
export function assertMode(
  library: GpuJsLibrary,
  { constructor: kernel, fallbackReason }: Pick<GpuJsKernel, 'constructor' | 'fallbackReason'>,
  mode: GpuMode,
): void {
  if (kernel === library[KERNEL_CLASS[mode]] && fallbackReason === null) return;
  const reason = fallbackReason === null ? '' : `: ${fallbackReason}`;
  throw new Error(`gpu.js: a kernel must run in mode ${mode}, got ${kernel.name}${reason}`);
}

export function volume(size: Size): number {
  return size.reduce<number>((product, extent) => product * extent, 1);
}

/** Extents of values taken four at a time. */
export function inFours(size: Size): readonly number[] {
  if (size[0] % 4 === 0) return [size[0] / 4, ...size.slice(1)];
  throw new Error(`gpu.js: vectors must lie four by four along x, got [${size.join(', ')}]`);
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
