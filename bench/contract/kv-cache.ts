// How a model keeps the keys and values of the tokens that it has taken in.

export type CacheFormat = 'f32' | 'f16' | 'int8' | 'q4-0';

export interface KvCache {
  readonly keys: CacheFormat;
  readonly values: CacheFormat;
  /** Keys are turned by Hadamard's matrix before they are rounded, and queries alike. */
  readonly isTurned: boolean;
}

export const F32_CACHE: KvCache = { keys: 'f32', values: 'f32', isTurned: false };

/** By the names that a model's parameter `kv` gives them; the first is the neutral one. */
export const kvCaches: Readonly<Record<string, KvCache>> = {
  f32: F32_CACHE,
  f16: { keys: 'f16', values: 'f16', isTurned: false },
  int8: { keys: 'int8', values: 'int8', isTurned: false },
  'int8-hadamard': { keys: 'int8', values: 'int8', isTurned: true },
  'q4-0': { keys: 'q4-0', values: 'q4-0', isTurned: false },
  'q4-0-hadamard': { keys: 'q4-0', values: 'q4-0', isTurned: true },
  'keys-int8': { keys: 'int8', values: 'f32', isTurned: false },
  'keys-int8-hadamard': { keys: 'int8', values: 'f32', isTurned: true },
  'keys-q4-0': { keys: 'q4-0', values: 'f32', isTurned: false },
  'keys-q4-0-hadamard': { keys: 'q4-0', values: 'f32', isTurned: true },
};

/** SQNR in dB that a model's logits keep at least, whatever else is rounded. */
export function leastSqnrDb({ keys, values }: KvCache): number {
  return Math.min(...[keys, values].map((format) => ({ f32: 110, f16: 40, int8: 20, 'q4-0': 4 })[format]));
}
