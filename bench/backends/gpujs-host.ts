import {
  type Carry,
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  type Indexed,
  type KernelSource,
  type Size,
  type StepOptions,
  targetOf,
} from '../contract/runtimes/gpujs.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import {
  assertLength,
  assertMode,
  type GpuJsArray,
  type GpuJsInput,
  type GpuJsInstance,
  type GpuJsLibrary,
  type GpuJsShortcut,
  kernelSettings,
  loadGpuJs,
  outputSize,
  releaseHostCopies,
  residentBytes,
  singly,
  volume,
} from './gpujs-library.ts';

type HostMode = 'cpu' | 'webasm';

export async function openHost(mode: HostMode): Promise<Gpu> {
  const library = await loadGpuJs();
  const instance = new library.GPU({ mode });
  return { mode, createProgram: () => new HostProgram(library, instance, mode), close: () => instance.destroy() };
}

/**
 * Inputs, and in webasm mode outputs too, are flat arrays with extents, those of outputs new at each call; the outputs
 * of the cpu mode are nested, an array for each row, and stay the same arrays from call to call.
 */
class HostBuffer implements GpuBuffer {
  readonly size: Size;
  /** What stands for this buffer in a call. */
  readonly argument: GpuJsInput | GpuJsArray;
  #flat: Float32Array | undefined;

  constructor(size: Size, argument: GpuJsInput | GpuJsArray) {
    this.size = size;
    this.argument = argument;
  }

  replace(values: GpuJsArray): void {
    if ('value' in this.argument) this.argument.value = values as Float32Array;
  }

  values(): Float32Array {
    if ('value' in this.argument) return this.argument.value;
    this.#flat ??= new Float32Array(volume(this.size));
    flatten(this.argument, this.#flat, 0);
    return this.#flat;
  }
}

class HostProgram implements GpuProgram {
  readonly deviceBytes = undefined;
  residentBytes = 0;
  #carriedBytes = 0;
  /** Outputs are kept in inputs, so that the last step's is but one of those between. */
  #keepsElsewhere = false;
  readonly #library: GpuJsLibrary;
  readonly #instance: GpuJsInstance;
  readonly #mode: HostMode;
  readonly #shortcuts: GpuJsShortcut[] = [];
  readonly #outputs: HostBuffer[] = [];
  #actions: (() => void)[] = [];

  constructor(library: GpuJsLibrary, instance: GpuJsInstance, mode: HostMode) {
    this.#library = library;
    this.#instance = instance;
    this.#mode = mode;
  }

  get intermediateBytes(): number {
    const between = this.#keepsElsewhere ? this.#outputs : this.#outputs.slice(0, -1);
    return between.reduce((sum, { size }) => sum + 4 * volume(size), this.#carriedBytes);
  }

  input(size: Size): GpuBuffer {
    return new HostBuffer(size, new this.#library.Input(new Float32Array(volume(size)), [...size]));
  }

  async step<C, Inputs extends readonly Indexed[]>(
    source: KernelSource<C, Inputs>,
    { threads, constants, inputs }: StepOptions<C, Inputs>,
  ): Promise<GpuBuffer> {
    const isFlat = this.#mode === 'webasm';
    if (isFlat)
      assertFits(
        residentBytes(constants) + 4 * volume(threads),
        inputs.map((input) => singly(input)),
      );
    const settings = kernelSettings(this.#library, threads, constants);
    const shortcut = this.#instance.createKernel(source.toString(), settings);
    this.#shortcuts.push(shortcut);
    if (isFlat) shortcut.kernel._shapeOutput = (values) => values;
    const inputArguments = inputs.map((input) => hostBuffer(singly(input)).argument);
    const values = shortcut(...inputArguments) as GpuJsArray;
    assertMode(this.#library, shortcut.kernel, this.#mode);
    if (isFlat) releaseHostCopies(settings);
    const size = outputSize(shortcut.kernel, threads);
    const output = new HostBuffer(size, isFlat ? new this.#library.Input(values as Float32Array, [...size]) : values);
    this.#outputs.push(output);
    this.#actions.push(() => output.replace(shortcut(...inputArguments) as GpuJsArray));
    this.residentBytes += residentBytes(constants);
    return output;
  }

  async repeat(count: number, body: (iteration: GpuBuffer) => Promise<readonly Carry[]>): Promise<void> {
    const before = this.#actions;
    const iteration = this.input([1]);
    this.#actions = [];
    const carries = await body(iteration);
    const steps = this.#actions;
    this.#actions = before;
    for (let i = 0; i < count; i++) {
      const copies = carries.map((carry) => () => this.upload(targetOf(carry, i), hostBuffer(carry.from).values()));
      this.#actions.push(() => hostBuffer(iteration).values().fill(i), ...steps, ...copies);
    }
    for (const { to } of carries) {
      if ('size' in to) this.#carriedBytes += 4 * volume(to.size);
      else this.#keepsElsewhere = true;
    }
  }

  upload(input: GpuBuffer, values: Float32Array): void {
    assertLength(values, input.size);
    hostBuffer(input).values().set(values);
  }

  run(): void {
    for (const action of this.#actions) action();
  }

  read(output: GpuBuffer): Float32Array {
    return hostBuffer(output).values();
  }

  dispose(): void {
    for (const { kernel } of this.#shortcuts.splice(0)) kernel.destroy();
    this.#actions = [];
    this.#outputs.length = 0;
  }
}

const MAX_WASM_BYTES = 2 ** 32;

/** Constants, inputs and outputs of a kernel lie in one memory of WebAssembly. */
function assertFits(ownBytes: number, inputs: readonly GpuBuffer[]): void {
  const bytes = inputs.reduce((sum, { size }) => sum + 4 * volume(size), ownBytes);
  if (bytes <= MAX_WASM_BYTES) return;
  throw new UnsupportedError(`gpu.js: in webasm mode a kernel's memory may have 4 GiB, got ${bytes} bytes`);
}

function hostBuffer(buffer: GpuBuffer): HostBuffer {
  if (buffer instanceof HostBuffer) return buffer;
  throw new Error('gpu.js: a program takes only buffers of its own mode');
}

/** Returns where the next value goes. */
function flatten(values: GpuJsArray, target: Float32Array, at: number): number {
  if (!(values instanceof Float32Array)) return values.reduce((next, inner) => flatten(inner, target, next), at);
  target.set(values, at);
  return at + values.length;
}
