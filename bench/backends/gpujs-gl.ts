// gpu.js's programs on WebGL and headless OpenGL, whose buffers are textures.
import {
  type Carry,
  type GlMode,
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  type Indexed,
  type KernelSource,
  type Size,
  type StepOptions,
  targetOf,
} from '../contract/runtimes/gpujs.ts';
import { assertSameLayout, createBuffer, GlBuffer, type GlContext, glBuffer } from './gpujs-gl-buffer.ts';
import {
  assertLength,
  assertMode,
  bareSettings,
  type Constants,
  dataOf,
  type GpuJsInstance,
  type GpuJsKernel,
  type GpuJsLibrary,
  type GpuJsSettings,
  type GpuJsShortcut,
  type GpuJsTexture,
  loadGpuJs,
  outputSize,
  residentBytes,
  setNumber,
  unwrapped,
  volume,
} from './gpujs-library.ts';
import { readTexels, type TexelArray } from './gpujs-texels.ts';

interface Context extends GlContext {
  readonly instance: GpuJsInstance;
  /** A kernel as old as the context, whose rectangle serves all others. */
  readonly kernel: GpuJsKernel;
}

export async function openGl(mode: GlMode): Promise<Gpu> {
  if (mode === 'headlessgl') await (await import('./headless-gl.ts')).provideHeadlessGl();
  const context = createContext(mode, await loadGpuJs());
  return { mode, createProgram: () => new GlProgram(context), close: () => context.instance.destroy() };
}

function createContext(mode: GlMode, library: GpuJsLibrary): Context {
  const instance = instanceOf(mode, library);
  const shortcut = instance.createKernel('function zero() { return 0; }', bareSettings([1]));
  shortcut();
  const { kernel } = shortcut;
  assertMode(library, kernel, mode);
  if (mode === 'webgl2') pinCanvas(kernel);
  const gl = kernel.context!;
  return { mode, library, instance, kernel, gl, maxTextureSize: gl.getParameter(gl.MAX_TEXTURE_SIZE) };
}

function instanceOf(mode: GlMode, { GPU }: GpuJsLibrary): GpuJsInstance {
  try {
    return new GPU({ mode });
  } catch (cause) {
    throw new Error(`gpu.js: mode ${mode} must find an OpenGL context with float textures, got none`, { cause });
  }
}

class GlProgram implements GpuProgram {
  residentBytes = 0;
  #carriedBytes = 0;
  /** Outputs are kept in inputs, so that the last step's is but one of those between. */
  #keepsElsewhere = false;
  readonly #context: Context;
  readonly #inputs: GlBuffer[] = [];
  readonly #residents: GlBuffer[] = [];
  readonly #outputs: GlBuffer[] = [];
  readonly #shortcuts: GpuJsShortcut[] = [];
  #actions: (() => void)[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  get intermediateBytes(): number {
    const between = this.#keepsElsewhere ? this.#outputs : this.#outputs.slice(0, -1);
    return between.reduce((sum, { bytes }) => sum + bytes, this.#carriedBytes);
  }

  get deviceBytes(): number {
    const textures = [...this.#inputs, ...this.#residents, ...this.#outputs];
    return textures.reduce((sum, { bytes }) => sum + bytes, this.#shortcuts.length * RECTANGLE_BYTES);
  }

  input(size: Size): GpuBuffer {
    const input = createBuffer(this.#context, size);
    this.#inputs.push(input);
    return input;
  }

  async step<C, Inputs extends readonly Indexed[]>(
    source: KernelSource<C, Inputs>,
    { threads, constants, inputs }: StepOptions<C, Inputs>,
  ): Promise<GpuBuffer> {
    const { library, instance, mode } = this.#context;
    const settings = this.#settings(threads, constants);
    const shortcut = instance.createKernel(source.toString(), settings);
    this.#shortcuts.push(shortcut);
    const handles = inputs.map((input) => glBuffer(unwrapped(input)).handle('vectors' in input));
    const { kernel } = shortcut;
    const assertRead = readTexels(kernel, texelArrays(kernel, settings, handles), mode === 'webgl2');
    shortcut(...handles);
    assertMode(library, kernel, mode);
    assertRead();
    if (mode === 'headlessgl') shrinkDrawingBuffer(this.#context);
    const point = rectanglePointer(this.#context, kernel);
    this.#actions.push(() => {
      point();
      shortcut(...handles);
    });
    const output = outputOf(this.#context, kernel, threads);
    this.#outputs.push(output);
    this.residentBytes += residentBytes(constants);
    this.#finish(output);
    this.#check();
    return output;
  }

  async repeat(count: number, body: (iteration: GpuBuffer) => Promise<readonly Carry[]>): Promise<void> {
    const before = this.#actions;
    const iteration = createBuffer(this.#context, [1]);
    this.#inputs.push(iteration);
    this.#actions = [];
    const carries = await body(iteration);
    const steps = this.#actions;
    this.#actions = before;
    for (let i = 0; i < count; i++) {
      const number = new Float32Array([i]);
      this.#actions.push(() => iteration.write(number), ...steps, ...carries.map((carry) => this.#copy(carry, i)));
    }
    for (const { to } of carries) {
      if ('size' in to) this.#carriedBytes += glBuffer(to).bytes;
      else this.#keepsElsewhere = true;
    }
  }

  #copy(carry: Carry, iteration: number): () => void {
    const [source, target] = [glBuffer(carry.from), glBuffer(targetOf(carry, iteration))];
    assertSameLayout(source, target);
    return () => source.copyTo(target);
  }

  upload(input: GpuBuffer, values: Float32Array): void {
    assertLength(values, input.size);
    const target = glBuffer(input);
    target.write(values);
    this.#finish(target);
    this.#check();
  }

  run(): void {
    for (const action of this.#actions) action();
    this.#finish(this.#outputs.at(-1)!);
  }

  read(output: GpuBuffer): Float32Array {
    const source = glBuffer(output);
    const texels = source.read();
    this.#check();
    const count = volume(source.size);
    return source.texel === 'one'
      ? Float32Array.from({ length: count }, (_, i) => texels[i * 4])
      : texels.subarray(0, count);
  }

  dispose(): void {
    for (const buffer of [...this.#inputs.splice(0), ...this.#residents.splice(0)]) buffer.dispose();
    for (const output of this.#outputs.splice(0)) output.closeReading();
    for (const { kernel } of this.#shortcuts.splice(0)) kernel.destroy();
    this.#actions = [];
  }

  #settings(threads: Size, constants: Constants): GpuJsSettings {
    const settings = bareSettings(threads);
    for (const [name, value] of Object.entries(constants)) {
      if (typeof value === 'number') {
        setNumber(settings, name, value);
        continue;
      }
      const source = unwrapped(value);
      const resident = createBuffer(this.#context, source.size, 'bytes' in source ? 'bytes' : 'four');
      this.#residents.push(resident);
      resident.write(dataOf(source));
      const handle = resident.handle('vectors' in value);
      settings.constants[name] = handle;
      settings.constantTypes[name] = handle.type;
    }
    return settings;
  }

  /** Reads one pixel, which is there only when all that was drawn before is; `gl.finish` returns early in browsers. */
  #finish(written: GlBuffer): void {
    written.read(1, 1);
    if (this.#context.gl.isContextLost()) throw new Error('WebGL: the context was lost');
  }

  /** WebGL keeps the first thing that went wrong until it is asked. */
  #check(): void {
    const { gl } = this.#context;
    const code = gl.getError();
    if (code === gl.OUT_OF_MEMORY) throw new RangeError('WebGL: out of memory');
    if (code !== gl.NO_ERROR) throw new Error(`WebGL: error 0x${code.toString(16)}`);
  }
}

function outputOf(context: Context, kernel: GpuJsKernel, threads: Size): GlBuffer {
  const size = outputSize(kernel, threads);
  const perThread = volume(size) / volume(threads);
  if (perThread !== 1 && perThread !== 4) {
    throw new Error(`gpu.js: in the GL modes a thread must return one value or four, got ${perThread}`);
  }
  const [width, height] = Array.from(kernel.texSize!);
  return new GlBuffer(
    context,
    size,
    kernel.texture!.texture,
    [width, height],
    perThread === 1 ? 'one' : 'four',
    threads,
  );
}

/** Vectors whose rows are rows of their textures. */
function texelArrays(
  { argumentNames }: GpuJsKernel,
  { constants }: GpuJsSettings,
  inputs: readonly GpuJsTexture[],
): TexelArray[] {
  const named = [
    ...Object.entries(constants).map(([name, value]) => ({ name: `constants_${name}`, value })),
    ...inputs.map((value, i) => ({ name: `user_${argumentNames![i]}`, value })),
  ];
  return named.flatMap(({ name, value }) => {
    if (typeof value === 'number' || !('texture' in value) || value.type !== 'ArrayTexture(4)') return [];
    const { size, dimensions } = value;
    return size[0] === dimensions[0] ? [{ name, extents: size, rows: dimensions[1] }] : [];
  });
}

const RECTANGLE_BYTES = 64;
/** Bytes of the positions, which lie before the places in the output. */
const POSITION_BYTES = 32;

/**
 * gpu.js points a kernel's attributes at the kernel's own rectangle once, when it is built: those of a kernel that runs
 * after another was built would be the other's, or nobody's once that is destroyed.
 */
function rectanglePointer({ gl, kernel: { buffer } }: Context, { program }: GpuJsKernel): () => void {
  const position = gl.getAttribLocation(program!, 'aPos');
  const place = gl.getAttribLocation(program!, 'aTexCoord');
  return () => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer!);
    if (position >= 0) gl.vertexAttribPointer(position, 2, gl.FLOAT, false, 0, 0);
    if (place >= 0) gl.vertexAttribPointer(place, 2, gl.FLOAT, false, 0, POSITION_BYTES);
  };
}

/**
 * gpu.js grows the canvas to the largest output with each kernel, though nothing is ever drawn there; in a browser that
 * waits for all the GPU has to do.
 */
function pinCanvas({ canvas }: GpuJsKernel): void {
  const fixed = { get: () => 1, set: () => {} };
  Object.defineProperties(canvas!, { width: fixed, height: fixed });
}

function shrinkDrawingBuffer({ gl }: Context): void {
  gl.getExtension('STACKGL_resize_drawingbuffer')?.resize(1, 1);
}
