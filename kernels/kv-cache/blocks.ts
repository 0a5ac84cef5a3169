// How the WebAssembly kernel keeps a cache, for its AssemblyScript and for what prepares it.

/** Keys of a block, whose scales become f32 together. */
export const KEYS = 4;
/** Scales come first in a block of whole numbers; floats have none. */
export const SCALES_BYTES = 8;
/** Bits of a value that is a whole number at most. */
export const MOST_INTEGER_BITS = 8;
/** What the exponentials need, then what picks codes out of bytes: see wasm.as.ts. */
export const CONSTANTS_BYTES = 144;
