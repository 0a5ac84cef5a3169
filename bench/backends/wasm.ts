// tare's own WebAssembly kernels: modules compiled from kernels/<technique>/wasm.as.ts, each kernel with a memory of its
// own that all of its threads share.
import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '../contract/input-error.ts';
import { type WasmWidth, wasmFile } from './wasm-file.ts';
import { allocator, newMemory } from './wasm-memory.ts';
import { startTeam } from './wasm-team.ts';

export interface Wasm {
  readonly width: WasmWidth;
  readonly threads: number;
  /** Columns of a dense tile, two registers wide. */
  readonly NR: number;
  /** The compiled kernels of a technique over a new memory. */
  open(technique: string): Promise<WasmModule>;
}

/** Bytes from `at` on in a module's memory. */
export interface WasmModule {
  /** Room for so many bytes, zeroed, on a cache line; returns its address. */
  allocate(byteLength: number): number;
  f32(at: number, length: number): Float32Array;
  i32(at: number, length: number): Int32Array;
  u32(at: number, length: number): Uint32Array;
  u16(at: number, length: number): Uint16Array;
  i8(at: number, length: number): Int8Array;
  u8(at: number, length: number): Uint8Array;
  /**
   * Calls the export `name(from, to, ...args)` with [0, count) shared out among the threads and returns when all are
   * done. Arguments are integers.
   */
  run(name: string, count: number, ...args: number[]): void;
  close(): void;
}

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
