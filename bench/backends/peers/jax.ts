// jax-js on its WebAssembly backend, which compiles a kernel for each shape. One thread: its workers are those of
// browsers.
import type { Jax } from '../../contract/runtimes/jax.ts';
import { loadPeer } from './peer-packages.ts';

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
