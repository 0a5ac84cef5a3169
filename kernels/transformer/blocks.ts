// How the WebAssembly kernels cut attention and where a program has what, for their AssemblyScript and for what prepares them.

/** Decode cuts a head's keys into parts of so many, whatever the number of threads, which so has no say in how sums are rounded. */
export const PART_KEYS = 96;
/** Keys of a tile where several rows share it: a multiple of 4, of 6 and of NR. */
export const TILE_KEYS = 48;

/** Where a program has what: see program.as.ts. What threads write stands on lines of its own; shares taken come first. */
export const DONE = 64;
export const SLEEPERS = 128;
export const TOTAL = 192;
export const CALLS = 256;
/** Of a call, its arguments. */
export const ARGS = 24;
/** A call has at most so many. */
export const MAX_ARGS = 24;
