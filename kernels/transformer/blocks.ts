// How the WebAssembly kernel cuts attention, for its AssemblyScript and for what prepares and tests it.

/** Rows of queries that share a pass over the cache. */
export const MR = 6;
/** Decode cuts a head's keys into parts of so many, whatever the number of threads, which so has no say in how sums are rounded. */
export const PART_KEYS = 128;

/** Where a program has what: see program.as.ts. What threads write stands on lines of its own; shares taken come first. */
export const DONE = 64;
export const SLEEPERS = 128;
export const TOTAL = 192;
export const CALLS = 256;
/** Of a call, its arguments. */
export const ARGS = 24;
/** A call has at most so many. */
export const MAX_ARGS = 24;
