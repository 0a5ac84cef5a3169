// How the WebAssembly kernel cuts attention, for its AssemblyScript and for what prepares and tests it.

/** Rows of queries that share a pass over the cache. */
export const MR = 6;
/** Decode cuts a head's keys into parts of so many, whatever the number of threads, which so has no say in how sums are rounded. */
export const PART_KEYS = 128;
