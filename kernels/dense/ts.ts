import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import type { DenseWeights } from './weights.ts';

/** Rows of X and of W in a tile. */
export const MR = 3;
export const NR = 4;

/** X [M,K] f32, W [N,K] f32 kept as panels [N/4][K][4] → Y [M,N] f32, accumulated in f64. */
export function tsDense({
  packed,
  problem: { M, N, K },
}: KernelContext<'matmul', DenseWeights, unknown, undefined>): PreparedKernel<'matmul'> {
  const W = new Float32Array(paddedRows(N, NR) * K);
  fillPanels(packed.values, N, K, NR, W);
  const X = new Float32Array(M * K);
  const mr = M < MR ? 1 : MR;
  const panels = mr === 1 ? X : new Float32Array(paddedRows(M, MR) * K);
  const ldY = paddedRows(N, NR);
  const padded = new Float32Array(paddedRows(M, mr) * ldY);
  const Y = new Float32Array(M * N);
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      if (mr === 1) {
        multiplyRows(X, W, padded, M, ldY, K);
      } else {
        fillPanels(X, M, K, MR, panels);
        multiplyPanels(panels, W, padded, M, ldY, K);
      }
      trimRows(padded, ldY, Y, M, N);
    },
    readOutput: () => Y,
    workspaceBytes: (mr === 1 ? 0 : panels.byteLength) + padded.byteLength,
    dispose() {},
  };
}

/** Padded rows [M, ldY] → Y [M,N]. */
export function trimRows(padded: Float32Array, ldY: number, Y: Float32Array, M: number, N: number): void {
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) Y[m * N + n] = padded[m * ldY + n];
  }
}

/** 3×4 tiles: 12 accumulators, 7 loads for 12 products. */
export function multiplyPanels(
  X: Float32Array,
  W: Float32Array,
  Y: Float32Array,
  M: number,
  ldY: number,
  K: number,
): void {
  for (let n = 0; n < ldY; n += NR) {
    for (let m = 0; m < M; m += MR) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      let x = m * K;
      let w = n * K;
      for (let k = 0; k < K; k++) {
        const w0 = W[w];
        const w1 = W[w + 1];
        const w2 = W[w + 2];
        const w3 = W[w + 3];
        const xa = X[x];
        a0 += xa * w0;
        a1 += xa * w1;
        a2 += xa * w2;
        a3 += xa * w3;
        const xb = X[x + 1];
        b0 += xb * w0;
        b1 += xb * w1;
        b2 += xb * w2;
        b3 += xb * w3;
        const xc = X[x + 2];
        c0 += xc * w0;
        c1 += xc * w1;
        c2 += xc * w2;
        c3 += xc * w3;
        x += MR;
        w += NR;
      }
      let y = m * ldY + n;
      Y[y] = a0;
      Y[y + 1] = a1;
      Y[y + 2] = a2;
      Y[y + 3] = a3;
      y += ldY;
      Y[y] = b0;
      Y[y + 1] = b1;
      Y[y + 2] = b2;
      Y[y + 3] = b3;
      y += ldY;
      Y[y] = c0;
      Y[y + 1] = c1;
      Y[y + 2] = c2;
      Y[y + 3] = c3;
    }
  }
}

/** 1×4 tiles, each weight read once a row. */
export function multiplyRows(
  X: Float32Array,
  W: Float32Array,
  Y: Float32Array,
  M: number,
  ldY: number,
  K: number,
): void {
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < ldY; n += NR) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let w = n * K;
      for (let x = m * K; x < (m + 1) * K; x++) {
        const xk = X[x];
        a0 += xk * W[w];
        a1 += xk * W[w + 1];
        a2 += xk * W[w + 2];
        a3 += xk * W[w + 3];
        w += NR;
      }
      const y = m * ldY + n;
      Y[y] = a0;
      Y[y + 1] = a1;
      Y[y + 2] = a2;
      Y[y + 3] = a3;
    }
  }
}
