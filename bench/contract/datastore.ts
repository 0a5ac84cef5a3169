// How the keys of a datastore that is looked up beside a model are kept, by the names that a model's parameter `datastore` gives them.
import type { Params } from './technique.ts';

export interface KeyFormat {
  readonly technique: string;
  readonly params: Params;
  /** Each key has the token that followed at another: what is gained so is gained by nothing that was looked up. */
  readonly isShuffled: boolean;
}

/** Whole numbers of 8 bits, with a scale for every 32: states are rounded to such too, so that products are made of bytes. */
const int8: KeyFormat = { technique: 'q8-0', params: { activations: 'int8' }, isShuffled: false };

export const keyFormats: Readonly<Record<string, KeyFormat>> = {
  f16: { technique: 'f16', params: {}, isShuffled: false },
  int8,
  'int8-shuffled': { ...int8, isShuffled: true },
};
