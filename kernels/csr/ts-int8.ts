// The loops of ts.ts over weights rounded to int8: V8 specialises a function to the arrays it sees, so each kind has its own.
import type { Int8CsrWeights } from './pack.ts';

/** As in ts.ts. */
const MR = 8;

export function multiplyInt8Panels(
  X: Float64Array,
  W: Int8CsrWeights,
  Y: Float32Array,
  M: number,
  N: number,
  K: number,
): void {
  const { values, colIdx, rowPtr, scales } = W;
  for (let m = 0; m < M; m += MR) {
    const panel = m * K;
    for (let n = 0; n < N; n++) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let a4 = 0;
      let a5 = 0;
      let a6 = 0;
      let a7 = 0;
      const end = rowPtr[n + 1];
      for (let i = rowPtr[n]; i < end; i++) {
        const w = values[i];
        const x = panel + colIdx[i] * MR;
        a0 += w * X[x];
        a1 += w * X[x + 1];
        a2 += w * X[x + 2];
        a3 += w * X[x + 3];
        a4 += w * X[x + 4];
        a5 += w * X[x + 5];
        a6 += w * X[x + 6];
        a7 += w * X[x + 7];
      }
      const y = m * N + n;
      const scale = scales[n];
      Y[y] = scale * a0;
      Y[y + N] = scale * a1;
      Y[y + 2 * N] = scale * a2;
      Y[y + 3 * N] = scale * a3;
      Y[y + 4 * N] = scale * a4;
      Y[y + 5 * N] = scale * a5;
      Y[y + 6 * N] = scale * a6;
      Y[y + 7 * N] = scale * a7;
    }
  }
}

/** Four sums a row, so that one addition need not wait for the last. */
export function multiplyInt8Row(
  X: Float32Array,
  { values, colIdx, rowPtr, scales }: Int8CsrWeights,
  Y: Float32Array,
  N: number,
): void {
  for (let n = 0; n < N; n++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let i = rowPtr[n];
    const end = rowPtr[n + 1];
    for (; i + 4 <= end; i += 4) {
      a0 += values[i] * X[colIdx[i]];
      a1 += values[i + 1] * X[colIdx[i + 1]];
      a2 += values[i + 2] * X[colIdx[i + 2]];
      a3 += values[i + 3] * X[colIdx[i + 3]];
    }
    for (; i < end; i++) a0 += values[i] * X[colIdx[i]];
    Y[n] = scales[n] * (a0 + a1 + (a2 + a3));
  }
}
