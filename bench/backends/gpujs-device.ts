import type { DeviceSpan } from '../contract/runtimes/device-span.ts';
import {
  type Carry,
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  type Indexed,
  type KernelSource,
  type Resident,
  type Size,
  type StepOptions,
  targetOf,
} from '../contract/runtimes/gpujs.ts';
import type { Shader, Wgsl, WgslProgram } from '../contract/runtimes/wgsl.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import {
  assertLength,
  assertMode,
  type Constants,
  dataOf,
  type GpuJsBufferResult,
  type GpuJsContext,
  type GpuJsInstance,
  type GpuJsKernel,
  type GpuJsLibrary,
  type GpuJsSettings,
  type GpuJsShortcut,
  inFours,
  kernelSettings,
  loadGpuJs,
  outputSize,
  releaseHostCopies,
  residentBytes,
  unwrapped,
  volume,
} from './gpujs-library.ts';
import { readVectors, type VectorArray } from './gpujs-vectors.ts';
import { assertCarried, carry, moduleText, residentWords, stubSource } from './gpujs-wgsl.ts';
import { countPasses, hasClock, timePasses } from './webgpu-clock.ts';
import { provideWebGpu } from './webgpu-object.ts';

// Values of the WebGPU specification; the enumerations exist only where WebGPU is a global.
const USAGE = { mapRead: 0x1, copySrc: 0x4, copyDst: 0x8, storage: 0x80 };
const MAP_MODE_READ = 1;

type StepInputs = StepOptions<unknown, readonly Indexed[]>['inputs'];

interface Device {
  readonly library: GpuJsLibrary;
  readonly instance: GpuJsInstance;
  readonly context: GpuJsContext;
  /** The first thing that went wrong outside any call: WebGPU reports validation errors and loss that way only. */
  failure?: string;
}

export async function openGpuDevice(): Promise<Gpu> {
  const device = await openDevice();
  return { mode: 'webgpu', createProgram: () => new DeviceProgram(device), close: () => closeDevice(device) };
}

export async function openWgslDevice(): Promise<Wgsl> {
  const device = await openDevice();
  return {
    hasPackedDot: navigator.gpu.wgslLanguageFeatures.has('packed_4x8_integer_dot_product'),
    createProgram: () => new DeviceProgram(device),
    close: () => closeDevice(device),
  };
}

async function openDevice(): Promise<Device> {
  await provideWebGpu();
  const library = await loadGpuJs();
  const context = await library.WebGPUContext.acquire();
  const device: Device = { library, context, instance: new library.GPU({ mode: 'webgpu' }) };
  watch(device);
  return device;
}

async function closeDevice({ instance, library }: Device): Promise<void> {
  await instance.destroy();
  await library.WebGPUContext.destroy();
}

function watch(device: Device): void {
  device.context.device.onuncapturederror = ({ error }) => {
    const what = error.constructor.name === 'GPUOutOfMemoryError' ? 'out of memory: ' : '';
    // Dawn's own stack follows what it has to say.
    const [words] = error.message.split(/\n\s+at /, 1);
    device.failure ??= what + words.replace(/\s+/g, ' ').trim();
  };
  void device.context.device.lost.then(({ message }) => {
    device.failure ??= lost(message);
  });
}

function lost(message: string): string {
  return `the device was lost: ${message}`;
}

/** A buffer on the device, and the handle by which kernels take it. */
class DeviceBuffer implements GpuBuffer {
  readonly size: Size;
  readonly handle: GpuJsBufferResult;
  /** Of an output of threads that return four values. */
  readonly threads: Size | undefined;
  /** Where `read` copies to; made when first needed. */
  staging: GPUBuffer | undefined;

  constructor({ library, context }: Device, size: Size, buffer: GPUBuffer, threads?: Size) {
    this.size = size;
    this.threads = threads;
    this.handle = new library.WebGPUBufferResult({ buffer, output: [...size], componentCount: 1, context });
  }

  get bytes(): number {
    return this.handle.buffer.size + (this.staging?.size ?? 0);
  }

  dispose(): void {
    this.handle.delete();
    this.staging?.destroy();
  }
}

class DeviceProgram implements GpuProgram, WgslProgram {
  residentBytes = 0;
  #carriedBytes = 0;
  /** Outputs are kept in inputs, so that the last step's is but one of those between. */
  #keepsElsewhere = false;
  readonly #device: Device;
  readonly #queue: GPUQueue;
  readonly #inputs: DeviceBuffer[] = [];
  readonly #outputs: DeviceBuffer[] = [];
  readonly #shortcuts: GpuJsShortcut[] = [];
  #actions: (() => void | Promise<void>)[] = [];
  /** Compute passes of one run. */
  #passes: number | undefined;

  constructor(device: Device) {
    this.#device = device;
    this.#queue = device.context.device.queue;
  }

  get intermediateBytes(): number {
    const between = this.#keepsElsewhere ? this.#outputs : this.#outputs.slice(0, -1);
    return between.reduce((sum, { handle }) => sum + handle.buffer.size, this.#carriedBytes);
  }

  get deviceBytes(): number {
    const own = [...this.#inputs, ...this.#outputs].reduce((sum, { bytes }) => sum + bytes, 0);
    return own + this.#shortcuts.reduce((sum, { kernel }) => sum + kernelBytes(kernel), 0);
  }

  input(size: Size): GpuBuffer {
    return this.#input(size, USAGE.storage | USAGE.copySrc);
  }

  #input(size: Size, use: number): DeviceBuffer {
    const usage = use | USAGE.copyDst;
    const { device } = this.#device.context;
    const bytes = 4 * volume(size);
    const most = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
    if (bytes > most) throw new UnsupportedError(`WebGPU: a buffer may have ${most} bytes, got ${bytes}`);
    const buffer = device.createBuffer({ size: bytes, usage });
    const input = new DeviceBuffer(this.#device, size, buffer);
    this.#inputs.push(input);
    return input;
  }

  async step<C, Inputs extends readonly Indexed[]>(
    source: KernelSource<C, Inputs>,
    { threads, constants, inputs }: StepOptions<C, Inputs>,
  ): Promise<GpuBuffer> {
    const { library, instance } = this.#device;
    const settings = kernelSettings(library, threads, inWords(constants));
    const shortcut = instance.createKernel(source.toString(), settings);
    const assertRead = readVectors(shortcut.kernel, [
      ...vectorInputs(shortcut.kernel, inputs),
      ...vectorConstants(constants),
    ]);
    this.residentBytes += residentBytes(constants);
    const output = await this.#append(shortcut, settings, threads, inputs);
    assertRead();
    return output;
  }

  async shader(shader: Shader): Promise<GpuBuffer> {
    const { library, instance, context } = this.#device;
    const groups = Math.max(...shader.workgroups);
    const mostGroups = context.device.limits.maxComputeWorkgroupsPerDimension;
    if (groups > mostGroups) {
      throw new UnsupportedError(`WebGPU: a shader may have ${mostGroups} workgroups along one side, got ${groups}`);
    }
    const constants: Record<string, Resident> = {};
    for (const [name, [, values]] of Object.entries(shader.resident)) {
      const words = residentWords(values);
      constants[name] = { size: [words.length], values: words };
    }
    const threads: Size = [shader.output[2]];
    const settings = kernelSettings(library, threads, constants);
    const shortcut = instance.createKernel(stubSource(shader), settings);
    const text = moduleText(shader);
    carry(shortcut.kernel, text, shader.workgroups);
    const inputs = Object.values(shader.inputs).map(([, buffer]) => buffer);
    this.residentBytes += residentBytes(constants);
    const output = await this.#append(shortcut, settings, threads, inputs);
    assertCarried(shortcut.kernel, text);
    return output;
  }

  async #append(
    shortcut: GpuJsShortcut,
    settings: GpuJsSettings,
    threads: Size,
    inputs: StepInputs,
  ): Promise<GpuBuffer> {
    const { library } = this.#device;
    this.#shortcuts.push(shortcut);
    const handles = inputs.map((input) => deviceBuffer(unwrapped(input)).handle);
    const dispatch = async () => {
      // Each call makes a handle of its own on the one output buffer.
      const handle = (await shortcut(...handles)) as GpuJsBufferResult;
      handle.delete();
    };
    await dispatch();
    assertMode(library, shortcut.kernel, 'webgpu');
    releaseHostCopies(settings);
    const size = outputSize(shortcut.kernel, threads);
    const isFours = size !== threads && size[0] === 4;
    const { outputBuffer } = shortcut.kernel;
    const output = new DeviceBuffer(this.#device, size, outputBuffer!, isFours ? threads : undefined);
    this.#outputs.push(output);
    this.#actions.push(dispatch);
    await this.#finish();
    return output;
  }

  async repeat(count: number, body: (iteration: GpuBuffer) => Promise<readonly Carry[]>): Promise<void> {
    const before = this.#actions;
    const iteration = this.input([1]);
    this.#actions = [];
    const carries = await body(iteration);
    const steps = this.#actions;
    this.#actions = before;
    // Copied on the device, in order with the steps however many runs are submitted at once.
    const numbers = this.#input([count], USAGE.copySrc);
    this.#write(
      numbers,
      Float32Array.from({ length: count }, (_, i) => i),
    );
    for (let i = 0; i < count; i++) {
      const copies = carries.map((carry) => {
        const target = deviceBuffer(targetOf(carry, i)).handle.buffer;
        return () => this.#copyAll(carry.from, target);
      });
      this.#actions.push(
        () => this.#copy(numbers, 4 * i, deviceBuffer(iteration).handle.buffer, 4),
        ...steps,
        ...copies,
      );
    }
    for (const { to } of carries) {
      if ('size' in to) this.#carriedBytes += deviceBuffer(to).handle.buffer.size;
      else this.#keepsElsewhere = true;
    }
  }

  async upload(input: GpuBuffer, values: Float32Array<ArrayBuffer>): Promise<void> {
    this.#write(input, values);
    await this.#finish();
  }

  async run(): Promise<void> {
    await this.#encode();
    await this.#finish();
  }

  get deviceSpan(): ((calls: number) => Promise<DeviceSpan>) | undefined {
    const { device } = this.#device.context;
    if (!hasClock(device)) return undefined;
    return async (calls) => {
      this.#passes ??= await countPasses(device, () => this.#encode());
      const span = await timePasses(device, calls * this.#passes, async () => {
        for (let call = 0; call < calls; call++) await this.#encode();
      });
      await this.#finish();
      return span;
    };
  }

  async read(output: GpuBuffer): Promise<Float32Array> {
    const source = deviceBuffer(output);
    const { size } = source.handle.buffer;
    source.staging ??= this.#device.context.device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyDst });
    this.#copyAll(output, source.staging);
    // First, since it names the loss of a device, which mapping does not.
    await this.#finish();
    await source.staging.mapAsync(MAP_MODE_READ);
    const values = new Float32Array(source.staging.getMappedRange().slice(0));
    source.staging.unmap();
    return values;
  }

  dispose(): void {
    for (const buffer of [...this.#inputs.splice(0), ...this.#outputs.splice(0)]) buffer.dispose();
    for (const { kernel } of this.#shortcuts.splice(0)) kernel.destroy();
    this.#actions = [];
  }

  async #encode(): Promise<void> {
    for (const action of this.#actions) await action();
  }

  #write(input: GpuBuffer, values: Float32Array<ArrayBuffer>): void {
    assertLength(values, input.size);
    this.#queue.writeBuffer(deviceBuffer(input).handle.buffer, 0, values);
  }

  #copyAll(from: GpuBuffer, to: GPUBuffer): void {
    this.#copy(from, 0, to, to.size);
  }

  #copy(from: GpuBuffer, offset: number, to: GPUBuffer, bytes: number): void {
    const encoder = this.#device.context.device.createCommandEncoder();
    encoder.copyBufferToBuffer(deviceBuffer(from).handle.buffer, offset, to, 0, bytes);
    this.#queue.submit([encoder.finish()]);
  }

  async #finish(): Promise<void> {
    // Where the browser's GPU process ends, this rejects before the loss is told.
    await this.#queue.onSubmittedWorkDone().catch(({ message }: Error) => {
      this.#device.failure ??= lost(message);
    });
    if (this.#device.failure !== undefined) throw new Error(`WebGPU: ${this.#device.failure}`);
  }
}

function deviceBuffer(buffer: GpuBuffer): DeviceBuffer {
  if (buffer instanceof DeviceBuffer) return buffer;
  throw new Error('gpu.js: a program takes only buffers of its own mode');
}

/** Vectors as gpu.js uploads them, bit for bit. */
function inWords(constants: Constants): Constants {
  const words: Record<string, number | Resident> = {};
  for (const [name, value] of Object.entries(constants)) {
    if (typeof value === 'number' || !('vectors' in value)) words[name] = value;
    else {
      const values = residentWords(dataOf(value.vectors));
      words[name] = { size: [values.length], values };
    }
  }
  return words;
}

function vectorInputs({ argumentNames }: GpuJsKernel, inputs: StepInputs): VectorArray[] {
  return inputs.flatMap((input, i) => {
    if (!('vectors' in input)) return [];
    const { size, threads } = deviceBuffer(input.vectors);
    return [{ name: `user_${argumentNames![i]}`, extents: threads ?? inFours(size), isBytes: false }];
  });
}

function vectorConstants(constants: Constants): VectorArray[] {
  return Object.entries(constants).flatMap(([name, value]) => {
    if (typeof value === 'number' || !('vectors' in value)) return [];
    const { vectors } = value;
    return [{ name: `constants_${name}`, extents: inFours(vectors.size), isBytes: 'bytes' in vectors }];
  });
}

/** Beside the output: uniforms and resident constants. */
function kernelBytes({ paramsBuffer, constantBuffers }: GpuJsKernel): number {
  return [paramsBuffer!, ...constantBuffers!].reduce((sum, { size }) => sum + size, 0);
}
