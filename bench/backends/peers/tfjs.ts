// TensorFlow.js on its WebAssembly backend, whose matrix products are XNNPACK's. One thread: it knows of no threads in
// Node (github.com/tensorflow/tfjs/issues/3830).
import type { Tfjs } from '../../contract/runtimes/tfjs.ts';
import { loadPeer } from './peer-packages.ts';

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
