// Which weights a pruned format can keep, for methods that score weights without knowing which format it is.
import type { MatmulShape } from '../grid/layout.ts';

export type Scores = Float32Array | Float64Array;

export interface MaskRule {
  /** Columns that are decided apart from all others of their row; not there where any weight vies with any. */
  readonly group?: number;
  /**
   * Which weights stay, 1 or 0 for each of scores [N,K], none of them negative: larger ones stay, of equals the first. `within`
   * says which weights vie with each other where the rule leaves it open.
   */
  keep(scores: Scores, shape: MatmulShape, within: 'matrix' | 'row'): Uint8Array;
}

/** Weights as a method leaves them. */
export interface Pruned {
  /** [N,K]: zeros where the mask is 0, and elsewhere the weights or what makes up for those that went. */
  readonly W: Float32Array;
  /** [N,K], 1 where a weight stays. */
  readonly mask: Uint8Array;
}

/** Keeps round((1 − sparsity)·rows·K) of the weights that vie; fewer where the others score 0. */
export function keepShare(sparsity: number): MaskRule {
  return {
    keep(scores, { N, K }, within) {
      const rows = within === 'row' ? 1 : N;
      const span = rows * K;
      const count = Math.round((1 - sparsity) * rows * K);
      const mask = new Uint8Array(scores.length);
      for (let from = 0; from < scores.length; from += span) {
        keepLargest(scores.subarray(from, from + span), count, mask.subarray(from, from + span));
      }
      return mask;
    },
  };
}

function keepLargest(scores: Scores, count: number, mask: Uint8Array): void {
  if (count === 0) return;
  const sorted = scores.slice().sort();
  const threshold = sorted[sorted.length - count];
  let atThreshold = 0;
  for (let i = sorted.length - count; i < sorted.length && sorted[i] === threshold; i++) atThreshold++;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] > threshold || (scores[i] === threshold && atThreshold-- > 0)) mask[i] = scores[i] > 0 ? 1 : 0;
  }
}

/** Two of every four along a row; of a last group of fewer, two of those. */
export const keepTwoOfFour: MaskRule = {
  group: 4,
  keep(scores, { N, K }) {
    const mask = new Uint8Array(N * K);
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < K; k += 4) {
        const from = n * K + k;
        const count = Math.min(4, K - k);
        const first = largest(scores, from, count, undefined);
        mask[from + first] = 1;
        if (count > 1) mask[from + largest(scores, from, count, first)] = 1;
      }
    }
    return mask;
  },
};

/** Place of the largest of `count` scores but the one at `except`. */
function largest(scores: Scores, from: number, count: number, except: number | undefined): number {
  let place = except === 0 ? 1 : 0;
  for (let j = place + 1; j < count; j++) if (j !== except && scores[from + j] > scores[from + place]) place = j;
  return place;
}

/** W with zeros where the mask is 0. */
export function masked(W: Float32Array, mask: Uint8Array): Float32Array {
  return W.map((weight, i) => (mask[i] === 1 ? weight : 0));
}
