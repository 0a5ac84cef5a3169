// tare's own WebAssembly kernels: modules compiled from kernels/<technique>/wasm.as.ts, each kernel with a memory of its
// own that all of its threads share.
import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '../contract/input-error.ts';
import type { Wasm, WasmModule, WasmWidth } from '../contract/runtimes/wasm.ts';
import { wasmFile } from './wasm-file.ts';
import { allocator, newMemory } from './wasm-memory.ts';
import { startTeam } from './wasm-team.ts';

export async function openWasm(width: WasmWidth, threads: number): Promise<Wasm> {
  return { width, threads, NR: width / 16, open: (technique) => openModule(technique, width, threads) };
}

async function openModule(technique: string, width: WasmWidth, threads: number): Promise<WasmModule> {
  const file = wasmFile(technique, width);
  if (!existsSync(file)) throw new InputError(`${technique}: must be compiled, got no ${file}; npm run build:wasm`);
  const module = await WebAssembly.compile(readFileSync(file));
  const memory = newMemory();
  const team = await startTeam(module, memory, threads);
  return { ...allocator(memory), run: team.run, close: team.close };
}
