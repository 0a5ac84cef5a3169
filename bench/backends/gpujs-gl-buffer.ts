// Values in the textures of the GL modes: how they are laid out, written, read back and copied.
import type { GlMode, GpuBuffer, Size } from '../contract/runtimes/gpujs.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { type GpuJsLibrary, type GpuJsTexture, inFours, volume } from './gpujs-library.ts';

export interface GlContext {
  readonly mode: GlMode;
  readonly library: GpuJsLibrary;
  readonly gl: WebGLRenderingContext | WebGL2RenderingContext;
  readonly maxTextureSize: number;
}

type Extents = readonly [width: number, height: number];

/** What the texels of a texture hold: one f32 value, four of them, or four bytes. */
type Texel = 'one' | 'four' | 'bytes';
const TEXEL_BYTES = { one: 4, four: 16, bytes: 4 } satisfies Record<Texel, number>;

/** Values in the texels of a texture, row by row. */
export class GlBuffer implements GpuBuffer {
  readonly size: Size;
  readonly texture: WebGLTexture;
  readonly extents: Extents;
  readonly texel: Texel;
  /** Of an output. */
  readonly #threads: Size | undefined;
  readonly #context: GlContext;
  #framebuffer: WebGLFramebuffer | null = null;
  /** What an upload takes where the texture has room for more than the values. */
  #padded: Float32Array | Uint8Array | undefined;

  constructor(context: GlContext, size: Size, texture: WebGLTexture, extents: Extents, texel: Texel, threads?: Size) {
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

export function glBuffer(buffer: GpuBuffer): GlBuffer {
  if (buffer instanceof GlBuffer) return buffer;
  throw new Error('gpu.js: a program takes only buffers of its own mode');
}

export function createBuffer(context: GlContext, size: Size, texel: 'four' | 'bytes' = 'four'): GlBuffer {
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
function textureExtents({ library, maxTextureSize }: GlContext, size: Size): Extents {
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

export function assertSameLayout(source: GlBuffer, target: GlBuffer): void {
  const isSame = source.texel === 'four' && source.extents.every((extent, i) => extent === target.extents[i]);
  if (isSame && volume(source.size) === volume(target.size)) return;
  const [from, to] = [source, target].map(({ size }) => `[${size.join(', ')}]`);
  throw new Error(`gpu.js: what is carried on must be fours laid out alike, got ${from} into ${to}`);
}
