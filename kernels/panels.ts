// Interleaving rows so that an inner loop over k reads all of a tile's operands side by side.

type Elements = Float32Array | Float64Array | Int8Array | Uint8Array;

/** Rows rounded up to whole panels. */
export function paddedRows(rows: number, width: number): number {
  return Math.ceil(rows / width) * width;
}

/**
 * rows × K, row-major → [ceil(rows/width)][K][width]; rows that are missing from the last panel keep what `panels`
 * held there, zeros when it is new.
 */
export function fillPanels(matrix: Elements, rows: number, K: number, width: number, panels: Elements): void {
  for (let row = 0; row < rows; row++) {
    const lane = row % width;
    const to = (row - lane) * K + lane;
    const from = row * K;
    for (let k = 0; k < K; k++) panels[to + k * width] = matrix[from + k];
  }
}

/** Rows of `length` values → rows of `width`, zeros behind. */
export function widenedRows(values: Float32Array, rows: number, length: number, width: number): Float32Array {
  if (width === length) return values;
  const widened = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) widened.set(values.subarray(row * length, (row + 1) * length), row * width);
  return widened;
}
