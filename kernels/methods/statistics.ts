// What methods ask of calibration activations X [rows,K].
import type { Calibration } from '../../bench/contract/calibration.ts';
import { addFourRows, addRow } from './add-rows.ts';

/** Per input channel, each [K]. */
export interface ChannelStatistics {
  readonly meanAbs: Float64Array;
  readonly maxAbs: Float64Array;
  readonly meanSquare: Float64Array;
}

export function channelStatistics({ X, rows }: Calibration, K: number): ChannelStatistics {
  const meanAbs = new Float64Array(K);
  const maxAbs = new Float64Array(K);
  const meanSquare = new Float64Array(K);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < K; k++) {
      const x = Math.abs(X[r * K + k]);
      meanAbs[k] += x / rows;
      meanSquare[k] += (x * x) / rows;
      if (x > maxAbs[k]) maxAbs[k] = x;
    }
  }
  return { meanAbs, maxAbs, meanSquare };
}

/** XᵀX [K,K], both triangles. Activations that are 0, as half of those behind a ReLU are, cost nothing. */
export function gram({ X, rows }: Calibration, K: number): Float64Array {
  const H = new Float64Array(K * K);
  const source = Float64Array.from(X.subarray(0, rows * K));
  const starts = new Int32Array(rows);
  for (let i = 0; i < K; i++) {
    let count = 0;
    for (let r = 0; r < rows; r++) if (source[r * K + i] !== 0) starts[count++] = r * K + i;
    addOuterRow(H, i * K + i, K - i, source, starts, count);
  }
  mirrorUpper(H, K);
  return H;
}

/** Row i of XᵀX from its diagonal on: the rows of X that start at `starts`, each times its first value. */
function addOuterRow(
  H: Float64Array,
  at: number,
  length: number,
  X: Float64Array,
  starts: Int32Array,
  count: number,
): void {
  let c = 0;
  for (; c + 4 <= count; c += 4) {
    const [s0, s1, s2, s3] = [starts[c], starts[c + 1], starts[c + 2], starts[c + 3]];
    addFourRows(H, at, length, X, s0, s1, s2, s3, X[s0], X[s1], X[s2], X[s3]);
  }
  for (; c < count; c++) addRow(H, at, length, X, starts[c], X[starts[c]]);
}

/** Columns copied in strips, so that the lines of memory written are still in the cache for the next. */
const MIRROR_STRIP = 32;

function mirrorUpper(H: Float64Array, K: number): void {
  for (let from = 0; from < K; from += MIRROR_STRIP) {
    const to = Math.min(K, from + MIRROR_STRIP);
    for (let j = from; j < K; j++) for (let i = from; i < Math.min(to, j); i++) H[j * K + i] = H[i * K + j];
  }
}
