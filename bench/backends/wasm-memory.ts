// The memory of one WebAssembly kernel, handed out from low addresses to high.

import type { WasmModule } from '../contract/runtimes/wasm.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';

const PAGE_BYTES = 65_536;
const CACHE_LINE = 64;
/** Address 0 stays unused, so that a forgotten pointer meets nothing. */
const FIRST_ADDRESS = 1024;
const MAX_PAGES = 65_536;

export function newMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
}

export function allocator(memory: WebAssembly.Memory): Omit<WasmModule, 'run' | 'close'> {
  let next = FIRST_ADDRESS;
  const allocate = (byteLength: number) => {
    const at = next;
    // A vector load at the very end may reach past it.
    const end = at + Math.ceil((byteLength + CACHE_LINE) / CACHE_LINE) * CACHE_LINE;
    if (end > MAX_PAGES * PAGE_BYTES)
      throw new UnsupportedError(`wasm: a kernel's memory may have 4 GiB, got ${end} bytes`);
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    next = end;
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
