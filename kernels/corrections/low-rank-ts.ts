import type { LowRank } from './low-rank.ts';

/** Adds (X·downᵀ)·upᵀ to Y: X [M,K] f32, down [rank,K], up [N,rank] → Y [M,N] f32, summed in f64. */
export function lowRankProduct(
  { down, up }: LowRank,
  M: number,
  N: number,
  K: number,
): (X: Float32Array, Y: Float32Array) => void {
  const rank = down.length / K;
  const thin = new Float64Array(M * rank);
  return (X, Y) => {
    for (let m = 0; m < M; m++) {
      for (let r = 0; r < rank; r++) thin[m * rank + r] = dot(X, m * K, down, r * K, K);
      for (let n = 0; n < N; n++) Y[m * N + n] += dot(thin, m * rank, up, n * rank, rank);
    }
  };
}

function dot(a: Float32Array | Float64Array, i: number, b: Float32Array, j: number, length: number): number {
  let even = 0;
  let odd = 0;
  let k = 0;
  for (; k + 2 <= length; k += 2) {
    even += a[i + k] * b[j + k];
    odd += a[i + k + 1] * b[j + k + 1];
  }
  return even + odd + (k < length ? a[i + k] * b[j + k] : 0);
}
