// TensorFlow.js on its WebAssembly backend, whose matrix products are XNNPACK's. One thread: it knows of no threads in
// Node (github.com/tensorflow/tfjs/issues/3830).
import { loadPeer } from './peer-packages.ts';

/** The part of @tensorflow/tfjs-core that is used here. */
export interface Tfjs {
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  /**
   * Fast only for two matrices that are not transposed: XNNPACK takes those, and keeps `b` packed for the next call.
   * Everything else goes through a loop about ten times slower.
   */
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: number): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  /** Along the last axis. */
  softmax(a: TfTensor): TfTensor;
  /** Disposes of all tensors `body` makes but the one it returns. */
  tidy(body: () => TfTensor): TfTensor;
}

export interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}

interface TfjsCore extends Tfjs {
  setBackend(name: 'wasm'): Promise<boolean>;
}

interface TfjsWasm {
  setThreadsCount(count: number): void;
}

export async function openTfjs(): Promise<Tfjs> {
  const tf = loadPeer<TfjsCore>('@tensorflow/tfjs-core');
  loadPeer<TfjsWasm>('@tensorflow/tfjs-backend-wasm').setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs: must run on its wasm backend, got none');
  return tf;
}
