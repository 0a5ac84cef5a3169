// tare's own WebAssembly kernels, as what prepares them finds them.

/** Vector width in bits that a module's tiles are laid out for. */
export const wasmWidths = [128, 256] as const;
export type WasmWidth = (typeof wasmWidths)[number];

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
  /** The same for what a call writes before it reads it, not zeroed: activations, output and what lies between. Kernels of a network share it. */
  scratch(byteLength: number): number;
  /** What is allocated from here on may be allocated again once what it returns is called. */
  mark(): () => void;
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
  /** Number of an export in the table of functions of all modules over this memory, which modules import. */
  indexOf(name: string): number;
  /** Address of a word that is no longer 0 once a thread has trapped. */
  readonly trapped: number;
  /** The compiled kernels of another technique over the same memory, run by the same threads. */
  beside(technique: string): Promise<WasmModule>;
  close(): void;
}
