import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import type { CsrWeights, PackedCsr } from './pack.ts';
import { multiplyInt8Panels, multiplyInt8Row } from './ts-int8.ts';

/** Rows of X side by side. */
export const MR = 8;

/** X [M,K] f32, W [N,K] in CSR → Y [M,N] f32, accumulated in f64: one nonzero serves eight rows of X side by side. */
export function tsCsr({
  packed,
  problem: { M, N, K },
}: KernelContext<'matmul', PackedCsr, unknown, undefined>): PreparedKernel<'matmul'> {
  const X = new Float32Array(M * K);
  const panels = new Float64Array(M === 1 ? 0 : paddedRows(M, MR) * K);
  const padded = new Float32Array(paddedRows(M, M === 1 ? 1 : MR) * N);
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      if (M === 1) {
        if ('scales' in packed) multiplyInt8Row(X, packed, padded, N);
        else multiplyRow(X, packed, padded, N);
        return;
      }
      fillPanels(X, M, K, MR, panels);
      if ('scales' in packed) multiplyInt8Panels(panels, packed, padded, M, N, K);
      else multiplyPanels(panels, packed, padded, M, N, K);
    },
    readOutput: () => padded.subarray(0, M * N),
    workspaceBytes: panels.byteLength + padded.byteLength - 4 * M * N,
    dispose() {},
  };
}

export function multiplyPanels(X: Float64Array, W: CsrWeights, Y: Float32Array, M: number, N: number, K: number): void {
  const { values, colIdx, rowPtr } = W;
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
}

/** Four sums a row, so that one addition need not wait for the last. */
function multiplyRow(X: Float32Array, { values, colIdx, rowPtr }: CsrWeights, Y: Float32Array, N: number): void {
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
    Y[n] = a0 + a1 + (a2 + a3);
  }
}
