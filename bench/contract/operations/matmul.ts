// Y[M,N] = X[M,K] · W[N,K]ᵀ, row-major. W holds the weights and is what gets compressed.
import { F32_ROUNDOFF, F32_SMALLEST, type Operation } from '../operation.ts';

/** Of dequantisation, scaling and the final store. */
const FIXED_ROUNDINGS = 8;

export const matmul: Operation<'matmul'> = {
  baseline: 'dense',
  layerOp: 'matmul',
  identity: ({ M, N, K, weights }) => ({ M, N, K, weights }),
  freshActivations: ({ X }) => ({ X: X.toReversed().map((x) => -x) }),
  outputShape: ({ M, N }) => ({ rows: M, columns: N }),
  /**
   * A kernel that adds K products in any order, each rounded, is off by at most K·u of Σ|x||w| (Higham, Accuracy and
   * Stability of Numerical Algorithms, §3.1); the roundings of dequantisation and scaling add a few u, numbers below the
   * smallest normal one as many of those. Together those of the sum stay below √K·u·Σ|x||w|, as random ones do (Higham & Mary,
   * SIAM J. Sci. Comput. 41, 2019).
   */
  reference({ N, K }, { W }, { X }, rows, slack) {
    const values = new Float64Array(rows.length * N);
    const tolerance = new Float64Array(rows.length * N);
    const roundings = K + FIXED_ROUNDINGS;
    let errorEnergy = 0;
    for (let r = 0; r < rows.length; r++) {
      const x = X.subarray(rows[r] * K, (rows[r] + 1) * K);
      const xSlack = slack?.X.subarray(rows[r] * K, (rows[r] + 1) * K);
      for (let n = 0; n < N; n++) {
        const w = W.subarray(n * K, (n + 1) * K);
        let sum = 0;
        let magnitude = 0;
        for (let k = 0; k < K; k++) {
          sum += x[k] * w[k];
          magnitude += Math.abs(x[k] * w[k]);
        }
        values[r * N + n] = sum;
        const fixed = roundings * F32_SMALLEST + (xSlack === undefined ? 0 : magnitudeOfProduct(xSlack, w));
        tolerance[r * N + n] = roundings * F32_ROUNDOFF * magnitude + fixed;
        errorEnergy += ((Math.sqrt(K) + FIXED_ROUNDINGS) * F32_ROUNDOFF * magnitude + fixed) ** 2;
      }
    }
    return { values, tolerance, errorEnergy };
  },
  denseFlops: ({ M, N, K }) => 2 * M * N * K,
  denseBytes: ({ N, K }) => 4 * N * K,
  activationBytes: ({ M, N, K }) => 4 * M * (N + K),
};

function magnitudeOfProduct(x: Float32Array, w: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += Math.abs(x[k] * w[k]);
  return sum;
}
