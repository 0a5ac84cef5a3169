// How the WebAssembly kernel cuts a product, for its AssemblyScript and for what prepares and tests it.

/** Columns of a part of K, of which scratch holds the weights of a panel: KC·(MR + NR) values stay in L1. Whole groups fit into it. */
export const KC = 256;
/** Rows of X in a block: MC·KC values stay in L2. */
export const MC = 192;
/** Columns of a part of K of which scratch holds a panel's codes as bytes: they and a tile's rows of X stay in L1. */
export const BYTE_KC = 1024;
