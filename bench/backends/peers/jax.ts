// jax-js on its WebAssembly backend, which compiles a kernel for each shape. One thread: its workers are those of
// browsers.
import { loadPeer } from './peer-packages.ts';

/** The part of @jax-js/jax that is used here. Operations take their operands over; `ref` keeps one for oneself. */
export interface Jax {
  readonly numpy: {
    array(values: Float32Array, options: { shape: readonly number[] }): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
  };
  readonly nn: { softmax(x: JaxArray, axis: number): JaxArray };
  /** Traces the function once for each shape and fuses what can be fused. */
  jit<Arguments extends readonly JaxArray[]>(body: (...args: Arguments) => JaxArray): Jitted<Arguments>;
}

export interface Jitted<Arguments extends readonly JaxArray[]> {
  (...args: Arguments): JaxArray;
  dispose(): void;
}

export interface JaxArray {
  readonly ref: JaxArray;
  mul(factor: number): JaxArray;
  add(other: JaxArray): JaxArray;
  /** Operations are lazy: the work is done in here. */
  blockUntilReady(): Promise<JaxArray>;
  /** Disposes of the array. */
  dataSync(): Float32Array;
  dispose(): void;
}

interface JaxLibrary extends Jax {
  init(device: 'wasm'): Promise<readonly string[]>;
  defaultDevice(device: 'wasm'): void;
}

export async function openJax(): Promise<Jax> {
  const jax = loadPeer<JaxLibrary>('@jax-js/jax');
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return jax;
}
