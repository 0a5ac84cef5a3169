/** The rows of C that X has not, to the last bit, in their order. Both are row-major, with rows of K values. */
export function withoutRowsOf(X: Float32Array, C: Float32Array, K: number): Float32Array {
  const known = new Set(rowKeys(X, K));
  const kept = [...rowKeys(C, K)].flatMap((key, row) => (known.has(key) ? [] : [row]));
  const left = new Float32Array(kept.length * K);
  kept.forEach((row, i) => {
    left.set(C.subarray(row * K, (row + 1) * K), i * K);
  });
  return left;
}

/** For each row a text that is the same for equal rows alone. */
function* rowKeys(A: Float32Array, K: number): Generator<string> {
  for (let from = 0; from < A.length; from += K) {
    yield Buffer.from(A.buffer, A.byteOffset + 4 * from, 4 * K).toString('latin1');
  }
}
