// tare's own WebAssembly kernels: modules compiled from kernels/<technique>/wasm.as.ts, each kernel with a memory of its
// own that all of its threads share.
import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '../input-error.ts';
import { type WasmWidth, wasmFile } from './wasm-file.ts';
import { startTeam, type Team } from './wasm-team.ts';

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

const PAGE_BYTES = 65_536;
const CACHE_LINE = 64;
/** Address 0 stays unused, so that a forgotten pointer meets nothing. */
const FIRST_ADDRESS = 1024;
const MAX_PAGES = 65_536;

export async function openWasm(width: WasmWidth, threads: number): Promise<Wasm> {
  return { width, threads, NR: width / 16, open: (technique) => openModule(technique, width, threads) };
}

async function openModule(technique: string, width: WasmWidth, threads: number): Promise<WasmModule> {
  const file = wasmFile(technique, width);
  if (!existsSync(file)) throw new InputError(`${technique}: must be compiled, got no ${file}; npm run build:wasm`);
  const module = await WebAssembly.compile(readFileSync(file));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
  const team = await startTeam(module, memory, threads);
  return { ...allocator(memory), run: team.run, close: team.close };
}

function allocator(memory: WebAssembly.Memory): Omit<WasmModule, keyof Team> {
  let next = FIRST_ADDRESS;
  const allocate = (byteLength: number) => {
    const at = next;
    // A vector load at the very end may reach past it.
    next += Math.ceil((byteLength + CACHE_LINE) / CACHE_LINE) * CACHE_LINE;
    const missing = next - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    return at;
  };
  return {
    allocate,
    f32: (at, length) => new Float32Array(memory.buffer, at, length),
    i32: (at, length) => new Int32Array(memory.buffer, at, length),
    u32: (at, length) => new Uint32Array(memory.buffer, at, length),
    u16: (at, length) => new Uint16Array(memory.buffer, at, length),
    i8: (at, length) => new Int8Array(memory.buffer, at, length),
    u8: (at, length) => new Uint8Array(memory.buffer, at, length),
  };
}
