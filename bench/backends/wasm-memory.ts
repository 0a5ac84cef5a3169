// The memory of WebAssembly kernels, handed out from low addresses to high.

import type { WasmModule } from '../contract/runtimes/wasm.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { FAILED_BYTES } from './wasm-job.ts';

const PAGE_BYTES = 65_536;
const CACHE_LINE = 64;
const MAX_PAGES = 65_536;
/** What modules keep as constants stands before all else. The first place stays unused, so that a forgotten pointer meets nothing… */
const CONSTANTS_BYTES = 4096;
/** … but for its end, where a team of threads has its control block. */
export const CONTROL_ADDRESS = 3072;
const CONSTANTS_PLACES = 1024;
const FIRST_ADDRESS = CONSTANTS_BYTES * CONSTANTS_PLACES;

export function newMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: FIRST_ADDRESS / PAGE_BYTES, maximum: MAX_PAGES, shared: true });
}

/** Where the constants of a technique's module lie: by its name, so that those of modules over one memory lie apart. */
export function constantsAddress(technique: string): number {
  let hash = 0;
  for (const letter of technique) hash = (33 * hash + letter.charCodeAt(0)) % (CONSTANTS_PLACES - 1);
  return CONSTANTS_BYTES * (1 + hash);
}

export function allocator(memory: WebAssembly.Memory): Omit<WasmModule, 'run' | 'indexOf' | 'beside' | 'close'> {
  let next = FIRST_ADDRESS;
  /** Up to here memory may hold what was given back. */
  let used = FIRST_ADDRESS;
  const allocate = (byteLength: number) => {
    const at = next;
    // A vector load at the very end may reach past it.
    const end = at + Math.ceil((byteLength + CACHE_LINE) / CACHE_LINE) * CACHE_LINE;
    if (end > MAX_PAGES * PAGE_BYTES)
      throw new UnsupportedError(`wasm: kernels of one memory may take 4 GiB, got ${end} bytes`);
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    if (at < used) new Uint8Array(memory.buffer, at, Math.min(used, end) - at).fill(0);
    next = end;
    used = Math.max(used, end);
    return at;
  };
  return {
    trapped: CONTROL_ADDRESS + FAILED_BYTES,
    allocate,
    scratch: allocate,
    mark() {
      const marked = next;
      return () => {
        next = marked;
      };
    },
    f32: (at, length) => new Float32Array(memory.buffer, at, length),
    i32: (at, length) => new Int32Array(memory.buffer, at, length),
    u32: (at, length) => new Uint32Array(memory.buffer, at, length),
    u16: (at, length) => new Uint16Array(memory.buffer, at, length),
    i8: (at, length) => new Int8Array(memory.buffer, at, length),
    u8: (at, length) => new Uint8Array(memory.buffer, at, length),
  };
}
