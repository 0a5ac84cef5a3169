// What kernels run on in a browser.
import type { PageRuntime } from '../../contract/browser.ts';

import type { KernelKind, Runtimes } from '../../contract/runtimes/runtimes.ts';
import type { Wasm, WasmModule } from '../../contract/runtimes/wasm.ts';
import { openGpu } from '../gpujs.ts';
import { openArena, type Team } from '../wasm-arena.ts';
import { instantiate, newTable } from '../wasm-instance.ts';
import { newMemory } from '../wasm-memory.ts';

export function openInPage(runtime: PageRuntime): Promise<Runtimes[KernelKind]> {
  return runtime === 'wasm' ? openWasm() : openGpu(runtime);
}

async function openWasm(): Promise<Wasm> {
  return { width: 128, threads: 1, NR: 8, open: (technique) => newArena()(technique) };
}

function newArena(): WasmModule['beside'] {
  const memory = newMemory();
  const table = newTable();
  const team: Team = {
    add(module) {
      const exports = instantiate(module, memory, table);
      return (name, count, ...args) => exports[name](0, count, ...args);
    },
    close() {},
  };
  return openArena(memory, team, compile);
}

async function compile(technique: string): Promise<WebAssembly.Module> {
  const response = await fetch(`/wasm/${technique}`);
  if (!response.ok) throw new Error((await response.json()).error);
  return WebAssembly.compileStreaming(response);
}
