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
  const threshold = nthLargest(scores, count);
  let atThreshold = count;
  for (let i = 0; i < scores.length; i++) if (scores[i] > threshold) atThreshold--;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] > threshold || (scores[i] === threshold && atThreshold-- > 0)) mask[i] = scores[i] > 0 ? 1 : 0;
  }
}

/** The n-th largest of scores, none of them negative: f32 of that kind are in the order of their bits, so that counting finds it. */
function nthLargest(scores: Scores, n: number): number {
  if (scores instanceof Float64Array) return scores.toSorted()[scores.length - n];
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  const high = new Uint32Array(2 ** 16);
  for (let i = 0; i < bits.length; i++) high[bits[i] >>> 16]++;
  const upper = lastOfLargest(high, n);
  const low = new Uint32Array(2 ** 16);
  for (let i = 0; i < bits.length; i++) if (bits[i] >>> 16 === upper.place) low[bits[i] & 0xffff]++;
  const { place } = lastOfLargest(low, n - upper.above);
  return new Float32Array(Uint32Array.of((upper.place << 16) | place).buffer)[0];
}

/** In counts of ascending places, where the n-th from the end lies, and how many lie above that place. */
function lastOfLargest(counts: Uint32Array, n: number): { place: number; above: number } {
  let above = 0;
  for (let place = counts.length - 1; ; place--) {
    if (above + counts[place] >= n) return { place, above };
    above += counts[place];
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
  const kept = new Float32Array(W.length);
  for (let i = 0; i < W.length; i++) kept[i] = mask[i] === 1 ? W[i] : 0;
  return kept;
}
