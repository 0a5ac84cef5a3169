// tare's own WebAssembly kernels: modules compiled from kernels/<technique>/wasm.as.ts, each kernel with a memory of its
// own that all of its threads share, unless it is opened beside another.

import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '../contract/input-error.ts';
import type { Wasm, WasmWidth } from '../contract/runtimes/wasm.ts';
import { scriptLine } from '../contract/typed-lines.ts';
import { openArena } from './wasm-arena.ts';
import { wasmFile } from './wasm-file.ts';
import { newMemory } from './wasm-memory.ts';
import { startTeam } from './wasm-team.ts';

export async function openWasm(width: WasmWidth, threads: number): Promise<Wasm> {
  const compile = async (technique: string) => WebAssembly.compile(readFileSync(compiledFile(technique, width)));
  return {
    width,
    threads,
    NR: width / 16,
    async open(technique) {
      compiledFile(technique, width);
      const memory = newMemory();
      return openArena(memory, await startTeam(memory, threads), compile)(technique);
    },
  };
}

function compiledFile(technique: string, width: WasmWidth): string {
  const file = wasmFile(technique, width);
  if (!existsSync(file))
    throw new InputError(`${technique}: must be compiled, got no ${file}; ${scriptLine('build:wasm')}`);
  return file;
}
