import type { Gpu } from './gpujs.ts';
import type { Jax } from './jax.ts';
import type { Ort } from './ort.ts';
import type { Tfjs } from './tfjs.ts';
import type { Wasm } from './wasm.ts';
import type { Wgsl } from './wgsl.ts';

/** What each kind of kernel is handed to run on; the key is the kind of code, several backends may share one. */
export interface Runtimes {
  /** Plain TypeScript needs nothing. */
  readonly ts: undefined;
  /** tare's own compiled kernels, with vectors of the backend's width on the backend's threads. */
  readonly wasm: Wasm;
  /** The typed façade around gpu.js, in the mode of the backend. */
  readonly gpujs: Gpu;
  /** Hand-written WGSL, carried through gpu.js's webgpu mode. */
  readonly wgsl: Wgsl;
  /** ONNX Runtime, native or as WebAssembly: runs ONNX graphs. */
  readonly ort: Ort;
  readonly tfjs: Tfjs;
  readonly jax: Jax;
}
export type KernelKind = keyof Runtimes;
