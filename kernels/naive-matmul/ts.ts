import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { DenseWeights } from '../dense/weights.ts';

/** X [M,K] f32, W [N,K] f32 → Y [M,N], each output summed in f64, one multiply and add after the other. */
export function tsNaive({
  packed,
  problem: { M, N, K },
}: KernelContext<'matmul', DenseWeights, unknown, undefined>): PreparedKernel<'matmul'> {
  const W = packed.values;
  const X = new Float32Array(M * K);
  const Y = new Float32Array(M * N);
  return {
    upload: (activations) => X.set(activations.X),
    run: () => multiply(X, W, Y, M, N, K),
    readOutput: () => Y,
    workspaceBytes: 0,
    dispose() {},
  };
}

function multiply(X: Float32Array, W: Float32Array, Y: Float32Array, M: number, N: number, K: number): void {
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += X[m * K + k] * W[n * K + k];
      Y[m * N + n] = sum;
    }
  }
}
