import type { Calibration } from '../../bench/contract/calibration.ts';
import type { MatmulShape } from '../grid/layout.ts';
import { addFourRows, addRow } from './add-rows.ts';
import { upperFactorOfInverse } from './cholesky.ts';
import { dampedHessian } from './hessian.ts';
import type { MaskRule, Pruned } from './mask.ts';

/** Columns whose mask is chosen together where the rule leaves it open, and whose errors reach later columns together. */
const BLOCK = 128;

/**
 * Prunes column after column and lets the later columns of a row make up for what went, as the optimal brain surgeon does: with
 * H = XᵀX and H⁻¹ = UᵀU, a weight scores w²/u² for the diagonal u of its column, and what is added to the weights right of
 * it is −w/u times their part of U's row. Frantar and Alistarh, SparseGPT, arXiv 2301.00774, algorithm 1, and
 * sparsegpt.py of IST-DASLab/sparsegpt, which prunes one weight more a block than its share.
 */
export function sparsegpt(W: Float32Array, shape: MatmulShape, rule: MaskRule, calibration: Calibration): Pruned {
  const weights = Float64Array.from(W);
  clearUnused(weights, shape, calibration);
  return pruneAgainst(dampedHessian(calibration, shape.K), weights, shape, rule);
}

/** Under a Hessian [K,K] that is positive definite; it is overwritten, and so are the weights [N,K]. */
export function pruneAgainst(H: Float64Array, weights: Float64Array, shape: MatmulShape, rule: MaskRule): Pruned {
  const { N, K } = shape;
  upperFactorOfInverse(H, K);
  const mask = new Uint8Array(N * K);
  const errors = new Float64Array(N * BLOCK);
  for (let from = 0; from < K; from += BLOCK) {
    const to = Math.min(K, from + BLOCK);
    errors.fill(0);
    for (let start = from; start < to; start += rule.group ?? BLOCK) {
      const end = Math.min(to, start + (rule.group ?? BLOCK));
      const kept = rule.keep(scoresOf(weights, shape, H, start, end), { N, K: end - start }, 'matrix');
      for (let n = 0; n < N; n++) {
        mask.set(kept.subarray(n * (end - start), (n + 1) * (end - start)), n * K + start);
        pruneRow(weights, mask, n * K, start, end, to, H, K, errors, n * BLOCK - from);
      }
    }
    for (let n = 0; n < N; n++) passOn(weights, n * K, from, to, H, K, errors, n * BLOCK);
  }
  return { W: Float32Array.from(weights), mask };
}

/** Weights that only ever meet zeros don't matter, and their part of H says nothing. */
function clearUnused(weights: Float64Array, { K }: MatmulShape, { X }: Calibration): void {
  const isUsed = new Uint8Array(K);
  for (let i = 0; i < X.length; i++) if (X[i] !== 0) isUsed[i % K] = 1;
  for (let i = 0; i < weights.length; i++) if (isUsed[i % K] === 0) weights[i] = 0;
}

/** w²/u² of the columns start … end − 1, [N, end − start]. */
function scoresOf(
  weights: Float64Array,
  { N, K }: MatmulShape,
  U: Float64Array,
  start: number,
  end: number,
): Float64Array {
  const scores = new Float64Array(N * (end - start));
  for (let n = 0, at = 0; n < N; n++) {
    for (let k = start; k < end; k++) scores[at++] = (weights[n * K + k] / U[k * K + k]) ** 2;
  }
  return scores;
}

/** Columns start … end − 1 of the row at `row`, made up for by those before `to`; their errors go to errors[at + k]. */
function pruneRow(
  weights: Float64Array,
  mask: Uint8Array,
  row: number,
  start: number,
  end: number,
  to: number,
  U: Float64Array,
  K: number,
  errors: Float64Array,
  at: number,
): void {
  for (let k = start; k < end; k++) {
    if (mask[row + k] === 1) continue;
    const error = weights[row + k] / U[k * K + k];
    addRow(weights, row + k, to - k, U, k * K + k, -error);
    weights[row + k] = 0;
    errors[at + k] = error;
  }
}

/** What the errors of the columns from … to − 1 take off the columns of the row from `to` on. */
function passOn(
  weights: Float64Array,
  row: number,
  from: number,
  to: number,
  U: Float64Array,
  K: number,
  errors: Float64Array,
  at: number,
): void {
  const pruned: number[] = [];
  for (let k = from; k < to; k++) if (errors[at + k - from] !== 0) pruned.push(k);
  const errorOf = (k: number) => -errors[at + k - from];
  const rowOf = (k: number) => k * K + to;
  let i = 0;
  for (; i + 4 <= pruned.length; i += 4) {
    const [a, b, c, d] = [pruned[i], pruned[i + 1], pruned[i + 2], pruned[i + 3]];
    addFourRows(
      weights,
      row + to,
      K - to,
      U,
      rowOf(a),
      rowOf(b),
      rowOf(c),
      rowOf(d),
      errorOf(a),
      errorOf(b),
      errorOf(c),
      errorOf(d),
    );
  }
  for (; i < pruned.length; i++) addRow(weights, row + to, K - to, U, rowOf(pruned[i]), errorOf(pruned[i]));
}
