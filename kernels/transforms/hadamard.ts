// Walsh and Hadamard's transform of blocks along K: weights and activations are both transformed, which leaves their products as
// they are but spreads an outlier over its block. Ashkboos et al., QuaRot, arXiv 2404.00456.

/** The least block that is worth it: in smaller ones an outlier stays an outlier. */
const MIN_BLOCK = 32;

/** The largest power of two that divides K; undefined where that is too small. */
export function hadamardBlock(K: number): number | undefined {
  const block = K & -K;
  return block >= MIN_BLOCK ? block : undefined;
}

/** Why rows of length K can't be transformed, if so. */
export function hadamardSkip(K: number): string | undefined {
  return hadamardBlock(K) === undefined ? `K: must be a multiple of ${MIN_BLOCK}, got ${K}` : undefined;
}

/**
 * Every block of every row of X [rows,K] times H/√block in place, which is its own inverse. In float64 throughout, and what a
 * kernel is held against.
 */
export function hadamardRows(X: Float32Array | Float64Array, K: number, block: number): void {
  const values = new Float64Array(block);
  const scale = 1 / Math.sqrt(block);
  for (let row = 0; row < X.length; row += K) {
    for (let from = row; from < row + K; from += block) {
      values.set(X.subarray(from, from + block));
      butterflies(values);
      for (let i = 0; i < block; i++) X[from + i] = values[i] * scale;
    }
  }
}

function butterflies(values: Float64Array): void {
  for (let half = 1; half < values.length; half *= 2) {
    for (let from = 0; from < values.length; from += 2 * half) {
      for (let i = from; i < from + half; i++) {
        const [a, b] = [values[i], values[i + half]];
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
}
