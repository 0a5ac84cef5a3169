// What the scale of a group of floating-point codes is chosen by.
import type { Grid } from './grid.ts';

/** Of weights[from … to − 1]. */
export function largestMagnitude(weights: Float32Array, from = 0, to = weights.length): number {
  let largest = 0;
  for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(weights[i]));
  return largest;
}

/** Weights of one group and how much an error of each matters, in the larger arrays that hold them. */
export interface WeighedGroup {
  readonly weights: Float32Array;
  readonly importance: Float32Array;
  readonly from: number;
  readonly to: number;
}

/** Which of some scales rounds a group with the least squared error, weighed by importance; the first of equals. */
export function bestScale(
  { layout: { values }, encode }: Pick<Grid, 'layout' | 'encode'>,
  { weights, importance, from, to }: WeighedGroup,
  scales: readonly number[],
): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, scale] of scales.entries()) {
    let error = 0;
    for (let i = from; i < to; i++) {
      error += importance[i] * (weights[i] - scale * values[encode(weights[i], scale, 0)]) ** 2;
    }
    if (error < least) {
      best = index;
      least = error;
    }
  }
  return best;
}
