/** Every `block` values of X times H/√block, in place and in f32, the largest steps last. */
export function transformBlocks(X: Float32Array, block: number): void {
  const scale = 1 / Math.sqrt(block);
  for (let from = 0; from < X.length; from += block) {
    for (let half = 1; half < block; half *= 2) {
      for (let at = from; at < from + block; at += 2 * half) {
        for (let i = at; i < at + half; i++) {
          const a = X[i];
          const b = X[i + half];
          X[i] = a + b;
          X[i + half] = a - b;
        }
      }
    }
    for (let i = from; i < from + block; i++) X[i] *= scale;
  }
}
