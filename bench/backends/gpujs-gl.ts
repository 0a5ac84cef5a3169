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
import { UnsupportedError } from '../contract/unsupported-error.ts';
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
  inFours,
  loadGpuJs,
  outputSize,
  residentBytes,
  setNumber,
  unwrapped,
  volume,
} from './gpujs-library.ts';
import { readTexels, type TexelArray } from './gpujs-texels.ts';

interface Context {
  readonly mode: GlMode;
  readonly library: GpuJsLibrary;
  readonly instance: GpuJsInstance;
  /** A kernel as old as the context, whose rectangle serves all others. */
  readonly kernel: GpuJsKernel;
  readonly gl: WebGLRenderingContext | WebGL2RenderingContext;
  readonly maxTextureSize: number;
}

type Extents = readonly [width: number, height: number];

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

/** What the texels of a texture hold: one f32 value, four of them, or four bytes. */
type Texel = 'one' | 'four' | 'bytes';
const TEXEL_BYTES = { one: 4, four: 16, bytes: 4 } satisfies Record<Texel, number>;

/** Values in the texels of a texture, row by row. */
class GlBuffer implements GpuBuffer {
  readonly size: Size;
  readonly texture: WebGLTexture;
  readonly extents: Extents;
  readonly texel: Texel;
  /** Of an output. */
  readonly #threads: Size | undefined;
  readonly #context: Context;
  #framebuffer: WebGLFramebuffer | null = null;
  /** What an upload takes where the texture has room for more than the values. */
  #padded: Float32Array | Uint8Array | undefined;

  constructor(context: Context, size: Size, texture: WebGLTexture, extents: Extents, texel: Texel, threads?: Size) {
    this.#context = context;
    this.size = size;
    this.texture = texture;
    this.extents = extents;
    this.texel = texel;
    this.#threads = threads;
  }

  get bytes(): number {
    // Renderable textures of one channel are new in WebGL 2.
    const isWidened = this.texel === 'one' && this.#context.mode !== 'webgl2';
    return this.extents[0] * this.extents[1] * TEXEL_BYTES[isWidened ? 'four' : this.texel];
  }

  /** What stands for this buffer in a call. */
  handle(isVector: boolean): GpuJsTexture {
    if (isVector && this.texel === 'one') throw new Error('gpu.js: vectors must lie four to a texel, got one');
    const [x, y = 1, z = 1] = isVector ? (this.#threads ?? inFours(this.size)) : this.size;
    return {
      texture: this.texture,
      size: this.extents,
      dimensions: [x, y, z],
      context: this.#context.gl,
      type: this.texel === 'one' ? 'ArrayTexture(1)' : isVector ? 'ArrayTexture(4)' : 'MemoryOptimizedNumberTexture',
    };
  }

  write(values: Float32Array | Uint8Array): void {
    const { gl } = this.#context;
    const [width, height] = this.extents;
    const length = width * height * 4;
    let texels = values;
    if (values.length < length) {
      this.#padded ??= this.texel === 'bytes' ? new Uint8Array(length) : new Float32Array(length);
      this.#padded.set(values);
      texels = this.#padded;
    }
    this.#bind();
    const type = this.texel === 'bytes' ? gl.UNSIGNED_BYTE : gl.FLOAT;
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, type, texels);
  }

  /** The texels of the first `width` columns and `height` rows, or all of them. */
  read(width: number = this.extents[0], height: number = this.extents[1]): Float32Array {
    const { gl } = this.#context;
    this.#bindFramebuffer();
    const texels = new Float32Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, texels);
    return texels;
  }

  copyTo(target: GlBuffer): void {
    const { gl } = this.#context;
    this.#bindFramebuffer();
    target.#bind();
    gl.copyTexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 0, 0, ...this.extents);
  }

  /** Leaves the texture alone, which may be a kernel's. */
  closeReading(): void {
    if (this.#framebuffer !== null) this.#context.gl.deleteFramebuffer(this.#framebuffer);
    this.#framebuffer = null;
  }

  dispose(): void {
    this.closeReading();
    this.#context.gl.deleteTexture(this.texture);
  }

  /** Every kernel binds its own textures again before it draws. */
  #bind(): void {
    const { gl } = this.#context;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
  }

  #bindFramebuffer(): void {
    const { gl } = this.#context;
    const isNew = this.#framebuffer === null;
    this.#framebuffer ??= gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#framebuffer);
    if (isNew) gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
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

function glBuffer(buffer: GpuBuffer): GlBuffer {
  if (buffer instanceof GlBuffer) return buffer;
  throw new Error('gpu.js: a program takes only buffers of its own mode');
}

function createBuffer(context: Context, size: Size, texel: 'four' | 'bytes' = 'four'): GlBuffer {
  const { gl } = context;
  const extents = textureExtents(context, size);
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const parameter of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
    gl.texParameteri(gl.TEXTURE_2D, parameter, gl.CLAMP_TO_EDGE);
  }
  for (const parameter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
    gl.texParameteri(gl.TEXTURE_2D, parameter, gl.NEAREST);
  }
  if (texel === 'bytes') gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, ...extents, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
  else {
    const format = 'RGBA32F' in gl ? gl.RGBA32F : gl.RGBA;
    gl.texImage2D(gl.TEXTURE_2D, 0, format, ...extents, 0, gl.RGBA, gl.FLOAT, null);
  }
  return new GlBuffer(context, size, texture, extents, texel);
}

/**
 * Rows of x where they are whole texels, so that what is near in the array is near in the texture; else about as wide as
 * high. An array of fours is laid out as gpu.js lays out the outputs of threads that return four values.
 */
function textureExtents({ library, maxTextureSize }: Context, size: Size): Extents {
  const [x, y = 1, z = 1] = size[0] === 4 && size[1] !== undefined ? [4 * size[1], size[2]] : size;
  const isRows = x % 4 === 0 && y * z > 1 && Math.max(x / 4, y * z) <= maxTextureSize;
  const [width, height] = isRows ? [x / 4, y * z] : squareExtents(library, Math.ceil((x * y * z) / 4));
  if (Math.max(width, height) > maxTextureSize) {
    throw new UnsupportedError(
      `WebGL: ${x * y * z} values take a texture of ${width} by ${height}, beyond this adapter's MAX_TEXTURE_SIZE of ${maxTextureSize}`,
    );
  }
  return [width, height];
}

function squareExtents({ utils }: GpuJsLibrary, texels: number): Extents {
  const [width, height] = Array.from(utils.closestSquareDimensions(texels));
  return [width, height];
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

function assertSameLayout(source: GlBuffer, target: GlBuffer): void {
  const isSame = source.texel === 'four' && source.extents.every((extent, i) => extent === target.extents[i]);
  if (isSame && volume(source.size) === volume(target.size)) return;
  const [from, to] = [source, target].map(({ size }) => `[${size.join(', ')}]`);
  throw new Error(`gpu.js: what is carried on must be fours laid out alike, got ${from} into ${to}`);
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
