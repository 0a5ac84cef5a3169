// What is added back beside compressed weights: a product of two thin matrices.
import type { MatmulShape } from '../grid/layout.ts';
import { truncatedSvd } from '../methods/svd.ts';

/** up·down [N,K], which a kernel applies as (X·downᵀ)·upᵀ. */
export interface LowRank {
  /** [rank, K] */
  readonly down: Float32Array;
  /** [N, rank] */
  readonly up: Float32Array;
}

/**
 * The best approximation of R [N,K] by its largest singular values (Eckart and Young, 1936), the root of each on either side, so
 * that both factors are alike in size. Columns of `up` and rows of `down` beyond the rank of R are zeros.
 */
export function lowRank(R: Float32Array, shape: MatmulShape, rank: number): LowRank {
  const { N, K } = shape;
  const { left, sigma, right } = truncatedSvd(R, shape, rank);
  const down = new Float32Array(rank * K);
  const up = new Float32Array(N * rank);
  sigma.forEach((value, r) => {
    const root = Math.sqrt(value);
    for (let k = 0; k < K; k++) down[r * K + k] = root * right[r * K + k];
    for (let n = 0; n < N; n++) up[n * rank + r] = root * left[r * N + n];
  });
  return { down, up };
}

/** up·down [N,K] */
export function productOf({ down, up }: LowRank, { N, K }: MatmulShape): Float32Array {
  const rank = down.length / K;
  const product = new Float32Array(N * K);
  const row = new Float64Array(K);
  for (let n = 0; n < N; n++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = up[n * rank + r];
      for (let k = 0; k < K; k++) row[k] += factor * down[r * K + k];
    }
    product.set(row, n * K);
  }
  return product;
}

/** A − B, element by element. */
export function difference(A: Float32Array, B: Float32Array): Float32Array {
  return A.map((a, i) => a - B[i]);
}
