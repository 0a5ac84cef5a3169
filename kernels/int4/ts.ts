import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { type Int4Weights, valueStride } from './pack.ts';

const MR = 8;
const BIAS = 8;

interface Int4Params {
  readonly groupSize: number;
}

/** X [M,K] f32, W [N, ceil(K/2)] two nibbles a byte, scales [N, ceil(K/groupSize)] → Y [M,N] f32, summed in f64. */
export function tsInt4({
  packed,
  problem: { M, N, K },
  params: { groupSize },
}: KernelContext<'matmul', Int4Weights, Int4Params, undefined>): PreparedKernel<'matmul'> {
  const width = M === 1 ? 1 : MR;
  const X = new Float32Array(M * K);
  const panels = new Float64Array(M === 1 ? 0 : paddedRows(M, MR) * K);
  const row = new Float64Array(M === 1 ? 0 : K);
  // V8 reads a Float16Array through a slow path; scales are few enough to keep a wide copy, counted as workspace.
  const scales = Float32Array.from(packed.scales);
  const padded = new Float32Array(paddedRows(M, width) * N);
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      if (M === 1) {
        multiplyRow(X, packed.values, scales, padded, N, K, groupSize);
        return;
      }
      fillPanels(X, M, K, MR, panels);
      for (let n = 0; n < N; n++) {
        decodeRow(packed.values, scales, n, K, groupSize, row);
        multiplyPanels(panels, row, padded, n, M, N, K);
      }
    },
    readOutput: () => padded.subarray(0, M * N),
    workspaceBytes: panels.byteLength + row.byteLength + scales.byteLength + padded.byteLength - 4 * M * N,
    dispose() {},
  };
}

/** Row n of W [K], decoded once for all rows of X. */
function decodeRow(W: Uint8Array, scales: Float32Array, n: number, K: number, groupSize: number, row: Float64Array) {
  const groups = Math.ceil(K / groupSize);
  const from = n * valueStride(K);
  for (let g = 0; g < groups; g++) {
    const scale = scales[n * groups + g];
    const end = Math.min(K, (g + 1) * groupSize);
    for (let k = g * groupSize; k < end; k++) {
      row[k] = scale * (((W[from + (k >> 1)] >> ((k & 1) * 4)) & 15) - BIAS);
    }
  }
}

/** Column n of Y: one row of W against eight rows of X at a time. */
function multiplyPanels(
  X: Float64Array,
  row: Float64Array,
  Y: Float32Array,
  n: number,
  M: number,
  N: number,
  K: number,
) {
  for (let m = 0; m < M; m += MR) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let a4 = 0;
    let a5 = 0;
    let a6 = 0;
    let a7 = 0;
    let x = m * K;
    for (let k = 0; k < K; k++) {
      const w = row[k];
      a0 += w * X[x];
      a1 += w * X[x + 1];
      a2 += w * X[x + 2];
      a3 += w * X[x + 3];
      a4 += w * X[x + 4];
      a5 += w * X[x + 5];
      a6 += w * X[x + 6];
      a7 += w * X[x + 7];
      x += MR;
    }
    const y = m * N + n;
    Y[y] = a0;
    Y[y + N] = a1;
    Y[y + 2 * N] = a2;
    Y[y + 3 * N] = a3;
    Y[y + 4 * N] = a4;
    Y[y + 5 * N] = a5;
    Y[y + 6 * N] = a6;
    Y[y + 7 * N] = a7;
  }
}

/** One row of X: each group is summed on the bare nibbles, then scaled once. Group sizes are even. */
function multiplyRow(
  X: Float32Array,
  W: Uint8Array,
  scales: Float32Array,
  Y: Float32Array,
  N: number,
  K: number,
  groupSize: number,
): void {
  const groups = Math.ceil(K / groupSize);
  for (let n = 0; n < N; n++) {
    let sum = 0;
    const from = n * valueStride(K);
    for (let g = 0; g < groups; g++) {
      const end = Math.min(K, (g + 1) * groupSize);
      let even = 0;
      let odd = 0;
      let k = g * groupSize;
      for (; k + 2 <= end; k += 2) {
        const byte = W[from + (k >> 1)];
        even += X[k] * ((byte & 15) - BIAS);
        odd += X[k + 1] * ((byte >> 4) - BIAS);
      }
      if (k < end) even += X[k] * ((W[from + (k >> 1)] & 15) - BIAS);
      sum += scales[n * groups + g] * (even + odd);
    }
    Y[n] = sum;
  }
}
