// What kernels run on in a browser.
import type { PageRuntime } from '../../contract/browser.ts';

import type { KernelKind, Runtimes } from '../../contract/runtimes/runtimes.ts';
import type { Wasm, WasmModule } from '../../contract/runtimes/wasm.ts';
import { openGpu } from '../gpujs.ts';
import { instantiate } from '../wasm-instance.ts';
import { allocator, newMemory } from '../wasm-memory.ts';

export function openInPage(runtime: PageRuntime): Promise<Runtimes[KernelKind]> {
  return runtime === 'wasm' ? openWasm() : openGpu(runtime);
}

async function openWasm(): Promise<Wasm> {
  return { width: 128, threads: 1, NR: 8, open: openModule };
}

async function openModule(technique: string): Promise<WasmModule> {
  const response = await fetch(`/wasm/${technique}`);
  if (!response.ok) throw new Error((await response.json()).error);
  const memory = newMemory();
  const exports = instantiate(await WebAssembly.compileStreaming(response), memory);
  return { ...allocator(memory), run: (name, count, ...args) => exports[name](0, count, ...args), close() {} };
}
