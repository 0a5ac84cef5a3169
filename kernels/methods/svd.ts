import type { MatmulShape } from '../grid/layout.ts';
import { transpose } from '../transpose.ts';
import { gram } from './statistics.ts';
import { largestEigenpairs } from './symmetric-eigen.ts';

/** A ≈ Σ σ·u·vᵀ. */
export interface TruncatedSvd {
  /** [rank, N], orthonormal rows. */
  readonly left: Float64Array;
  /** [rank], descending. */
  readonly sigma: Float64Array;
  /** [rank, K], orthonormal rows. */
  readonly right: Float64Array;
}

/**
 * The largest singular values of A [N,K] and their vectors: `rank` of them, or all that A has above rounding. They come from the
 * eigenvalues of the smaller of AᵀA and AAᵀ in float64, so that those under about 10⁻⁷ of the largest, less than what
 * rounding to f32 leaves in A, are lost.
 */
export function truncatedSvd(A: Float32Array, { N, K }: MatmulShape, rank: number): TruncatedSvd {
  if (N >= K) return tallSvd(A, N, K, rank);
  const { left, sigma, right } = tallSvd(transpose(A, N, K), K, N, rank);
  return { left: right, sigma, right: left };
}

function tallSvd(A: Float32Array, N: number, K: number, rank: number): TruncatedSvd {
  const { values, vectors: right } = largestEigenpairs(gram({ X: A, rows: N }, K), K, rank);
  const left = new Float64Array(values.length * N);
  const sigma = new Float64Array(values.length);
  for (let r = 0; r < values.length; r++) {
    const u = left.subarray(r * N, (r + 1) * N);
    const v = right.subarray(r * K, (r + 1) * K);
    let squares = 0;
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < K; k++) u[n] += A[n * K + k] * v[k];
      squares += u[n] * u[n];
    }
    sigma[r] = Math.sqrt(squares);
    for (let n = 0; n < N; n++) u[n] /= sigma[r];
  }
  return { left, sigma, right };
}
