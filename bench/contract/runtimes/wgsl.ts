// Hand-written WGSL as kernels hand it over.
import type { DeviceSpan } from './device-span.ts';
import type { GpuBuffer, Size } from './gpujs.ts';

/** An array a shader reads or writes, as it declares it: `array<vec4f>`. */
type ArrayType = `array<${string}>`;

export interface Shader {
  /** All but the buffers: functions and the entry point `main`. Buffers are declared before it, by the names below. */
  readonly code: string;
  readonly workgroups: readonly [x: number, y: number, z: number];
  readonly inputs: Readonly<Record<string, readonly [type: ArrayType, buffer: GpuBuffer]>>;
  /** Uploaded once, bit for bit: weights, scales, indices. */
  readonly resident: Readonly<Record<string, readonly [type: ArrayType, values: ResidentValues]>>;
  /** Words of 32 bits. */
  readonly output: readonly [name: string, type: ArrayType, words: number];
}

export type ResidentValues = Float32Array | Uint32Array | Uint16Array | Int8Array | Uint8Array | Float16Array;

/** Shaders that run one after another over buffers on the device. */
export interface WgslProgram {
  /** Room for f32, zero until uploaded. */
  input(size: Size): GpuBuffer;
  /** Appends a shader; compiles it and runs it once. Later ones may read its output. */
  shader(shader: Shader): Promise<GpuBuffer>;
  /** Finished on return; the length must be that of the buffer. */
  upload(input: GpuBuffer, values: Float32Array): Promise<void>;
  /** One submission per shader, and the wait for the device. */
  run(): Promise<void>;
  /** So many runs at once, none waited for, on the device's own clock; undefined where it has none. */
  readonly deviceSpan?: (calls: number) => Promise<DeviceSpan>;
  /** All words of an output as f32, in order. */
  read(output: GpuBuffer): Promise<Float32Array>;
  readonly residentBytes: number;
  /** Bytes of all outputs but the last. */
  readonly intermediateBytes: number;
  readonly deviceBytes: number;
  dispose(): void;
}

export interface Wgsl {
  /** Has the device's WGSL `dot4I8Packed` and its kin? */
  readonly hasPackedDot: boolean;
  createProgram(): WgslProgram;
  close(): Promise<void>;
}
