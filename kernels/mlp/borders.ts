import type { Border } from '../../bench/contract/technique.ts';
import { KC, MC, MR } from '../dense/blocks.ts';

/** A block of rows and a part of K more than one, and another row panel. */
export const borders: { readonly wasm: readonly Border<'mlp', unknown>[] } = {
  wasm: [{ shape: { M: MC + 4, K: KC + 1 } }, { shape: { M: MR + 1, hidden: KC + 1 } }],
};
