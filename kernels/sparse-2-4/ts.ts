import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { indexStride, type PackedSparse24, paddedK, type Sparse24Weights } from './pack.ts';
import { multiplyInt8Panel, multiplyInt8Row } from './ts-int8.ts';

const MR = 8;

/** X [M,K] f32, W [N,K] with 2 of 4 kept → Y [M,N] f32, accumulated in f64; one group serves eight rows of X. */
export function tsSparse24({
  packed,
  problem: { M, N, K },
}: KernelContext<'matmul', PackedSparse24, unknown, undefined>): PreparedKernel<'matmul'> {
  const width = M === 1 ? 1 : MR;
  const X = new Float32Array(M * K);
  const panels = new Float64Array(paddedRows(M, width) * paddedK(K));
  const padded = new Float32Array(paddedRows(M, width) * N);
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      if (M === 1) {
        panels.set(X);
        if ('scales' in packed) multiplyInt8Row(panels, packed, padded, N, K);
        else multiplyRow(panels, packed, padded, N, K);
        return;
      }
      for (let m = 0; m < M; m += MR) {
        const rows = Math.min(MR, M - m);
        const panel = panels.subarray(m * paddedK(K));
        fillPanels(X.subarray(m * K), rows, K, MR, panel);
        const Y = padded.subarray(m * N);
        if ('scales' in packed) multiplyInt8Panel(panel, packed, Y, N, K);
        else multiplyPanel(panel, packed, Y, N, K);
      }
    },
    readOutput: () => padded.subarray(0, M * N),
    workspaceBytes: panels.byteLength + padded.byteLength - 4 * M * N,
    dispose() {},
  };
}

function multiplyPanel(X: Float64Array, W: Sparse24Weights, Y: Float32Array, N: number, K: number): void {
  const { values, indices } = W;
  const groups = paddedK(K) / 4;
  const stride = indexStride(K);
  for (let n = 0; n < N; n++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let a4 = 0;
    let a5 = 0;
    let a6 = 0;
    let a7 = 0;
    for (let g = 0; g < groups; g++) {
      const places = indices[n * stride + (g >> 1)] >> ((g & 1) * 4);
      const i = (n * groups + g) * 2;
      let w = values[i];
      let x = (g * 4 + (places & 3)) * MR;
      a0 += w * X[x];
      a1 += w * X[x + 1];
      a2 += w * X[x + 2];
      a3 += w * X[x + 3];
      a4 += w * X[x + 4];
      a5 += w * X[x + 5];
      a6 += w * X[x + 6];
      a7 += w * X[x + 7];
      w = values[i + 1];
      x = (g * 4 + ((places >> 2) & 3)) * MR;
      a0 += w * X[x];
      a1 += w * X[x + 1];
      a2 += w * X[x + 2];
      a3 += w * X[x + 3];
      a4 += w * X[x + 4];
      a5 += w * X[x + 5];
      a6 += w * X[x + 6];
      a7 += w * X[x + 7];
    }
    Y[n] = a0;
    Y[n + N] = a1;
    Y[n + 2 * N] = a2;
    Y[n + 3 * N] = a3;
    Y[n + 4 * N] = a4;
    Y[n + 5 * N] = a5;
    Y[n + 6 * N] = a6;
    Y[n + 7 * N] = a7;
  }
}

/** A byte of places serves two groups; each of their four products has its own sum. */
function multiplyRow(X: Float64Array, { values, indices }: Sparse24Weights, Y: Float32Array, N: number, K: number) {
  const groups = paddedK(K) / 4;
  const pairs = groups >> 1;
  const stride = indexStride(K);
  for (let n = 0; n < N; n++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let i = n * groups * 2;
    for (let pair = 0; pair < pairs; pair++) {
      const places = indices[n * stride + pair];
      const x = pair * 8;
      a0 += values[i] * X[x + (places & 3)];
      a1 += values[i + 1] * X[x + ((places >> 2) & 3)];
      a2 += values[i + 2] * X[x + 4 + ((places >> 4) & 3)];
      a3 += values[i + 3] * X[x + 4 + (places >> 6)];
      i += 4;
    }
    if (groups & 1) {
      const places = indices[n * stride + pairs];
      a0 += values[i] * X[pairs * 8 + (places & 3)];
      a1 += values[i + 1] * X[pairs * 8 + ((places >> 2) & 3)];
    }
    Y[n] = a0 + a1 + (a2 + a3);
  }
}
