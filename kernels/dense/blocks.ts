// How the WebAssembly kernel cuts a product, for its AssemblyScript and for what prepares and tests it.

/** Rows of X in a tile. */
export const MR = 6;
/** Columns of a part of K: KC·(MR + NR) values stay in L1. */
export const KC = 512;
/** Rows of X in a block: MC·KC values stay in L2. */
export const MC = 96;
