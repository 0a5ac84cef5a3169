import type { Calibration } from '../../bench/contract/calibration.ts';
import type { MatmulShape } from '../grid/layout.ts';
import { addFourRows, addRow } from '../methods/add-rows.ts';
import { cholesky } from '../methods/cholesky.ts';
import { dampedHessian } from '../methods/hessian.ts';
import { type LowRank, lowRank } from './low-rank.ts';

/**
 * The factors that change X·Rᵀ least rather than R itself: with XᵀX = LLᵀ, ‖X·Dᵀ‖ = ‖D·L‖ for every D, so R·L is
 * approximated and L⁻¹ put back into `down`. Wang et al., SVD-LLM, arXiv 2403.07378, §3.1; as a correction: Zhang et al.,
 * LQER, arXiv 2402.02446, with a diagonal in place of L.
 */
export function activationAware(R: Float32Array, shape: MatmulShape, rank: number, calibration: Calibration): LowRank {
  const { K } = shape;
  const L = dampedHessian(calibration, K);
  cholesky(L, K);
  const { down, up } = lowRank(timesLower(R, shape, L), shape, rank);
  return { down: dividedByLower(down, K, L), up };
}

/** R·L [N,K] */
function timesLower(R: Float32Array, { N, K }: MatmulShape, L: Float64Array): Float32Array {
  const product = new Float32Array(N * K);
  const row = new Float64Array(K);
  for (let n = 0; n < N; n++) {
    const from = n * K;
    row.fill(0);
    let k = 0;
    for (; k + 4 <= K; k += 4) {
      const s = k * K;
      const [f0, f1, f2, f3] = R.subarray(from + k, from + k + 4);
      addFourRows(row, 0, k + 4, L, s, s + K, s + 2 * K, s + 3 * K, f0, f1, f2, f3);
    }
    for (; k < K; k++) addRow(row, 0, k + 1, L, k * K, R[from + k]);
    product.set(row, from);
  }
  return product;
}

/** A·L⁻¹ for A [rows,K], from the last column to the first. */
function dividedByLower(A: Float32Array, K: number, L: Float64Array): Float32Array {
  const quotient = Float64Array.from(A);
  for (let row = 0; row < A.length; row += K) {
    for (let k = K - 1; k >= 0; k--) {
      quotient[row + k] /= L[k * K + k];
      addRow(quotient, row, k, L, k * K, -quotient[row + k]);
    }
  }
  return Float32Array.from(quotient);
}
