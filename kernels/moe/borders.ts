import type { Border } from '../../bench/contract/technique.ts';
import { KC, MC } from '../dense/blocks.ts';

/** An expert with more rows than a block has, and a part of K more than one. */
export const borders: { readonly wasm: readonly Border<'moe', unknown>[] } = {
  wasm: [{ shape: { M: MC + 4, K: KC + 1, experts: 1, topK: 1 } }, { shape: { hidden: KC + 1 } }],
};
