// How the WebAssembly kernels cut a product, for their AssemblyScript and for what prepares and tests them.

/** Columns of a part of K, of which scratch holds the weights of a panel: KC·(MR + NR) values stay in L1. */
export const KC = 256;
/** Rows of X in a block: MC·KC values stay in L2. */
export const MC = 192;
/** Rows of the 16-bit tile, whose products need a register of their own. */
export const PAIR_MR = 5;
/** The same two for activations of 16 bits. */
export const PAIR_KC = 512;
export const PAIR_MC = 240;
