// Seeded random numbers: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c), its
// state filled from one 32-bit seed by SplitMix32 (golden-ratio steps through the murmur3-style mixer of
// https://github.com/bryc/code/blob/master/jshash/PRNGs.md). Integer arithmetic only, so the same on every machine.

export interface Random {
  /** The next 32 bits as an unsigned integer. */
  uint32(): number;
  /** Uniform in [0, 1), in steps of 2⁻³². */
  uniform(): number;
  /** Standard normal. Uses `Math.log`, which V8 computes in software: equal on every machine under one V8. */
  gaussian(): number;
}

/**
 * Equal arguments give equal numbers; under one seed, streams 0, 1, … are unrelated, so that an input's parts can each draw
 * their own. Only the lowest 32 bits of `seed` count. Throws on a seed that is no whole number.
 */
export function seededRandom(seed: number, stream = 0): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: must be a whole number, got ${seed}`);
  const mix = splitmix32(seed);
  for (let skipped = 0; skipped < 4 * stream; skipped++) mix();
  return randomFromState([mix(), mix(), mix(), mix()]);
}

/** The items in an order drawn by Fisher and Yates's shuffle. */
export function shuffled<T>(items: Iterable<T>, { uniform }: Random): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** The generator at a given state, of which at least one word must not be 0. */
export function randomFromState(state: readonly [number, number, number, number]): Random {
  const uint32 = xoshiro128(Int32Array.from(state));
  const uniform = () => uint32() * 2 ** -32;
  return { uint32, uniform, gaussian: polar(uniform) };
}

function xoshiro128(s: Int32Array): () => number {
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11);
    return result;
  };
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function splitmix32(seed: number): () => number {
  let counter = seed | 0;
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    let z = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
}

// Marsaglia's polar method rather than Box–Muller: its only inexact function is the logarithm (the root is exactly
// rounded everywhere). It yields pairs; the second value waits for the next call.
function polar(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    let u = 0;
    let v = 0;
    let s = 0;
    do {
      u = 2 * uniform() - 1;
      v = 2 * uniform() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const scale = Math.sqrt((-2 * Math.log(s)) / s);
    spare = v * scale;
    return u * scale;
  };
}
