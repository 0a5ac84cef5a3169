// Activations as the weights meet them: divided by channels, transformed, rounded to int8. What kernels are held against.
import type { RoundedActivations } from '../../bench/contract/technique.ts';
import { hadamardRows } from '../transforms/hadamard.ts';
import type { ActivationRounding } from './choices.ts';

/** Values that share a scale where rows are rounded in blocks. */
export const ACTIVATION_BLOCK = 32;

export interface Presentation {
  /** [K] what the layer before divides its outputs by. */
  readonly channels: Float32Array | undefined;
  /** Values along K that Hadamard's matrix takes together. */
  readonly hadamard: number | undefined;
  readonly rounding: ActivationRounding;
}

/** X [M,K] as it is presented to the weights; undefined where that is X itself. See the contract for `slack`. */
export function presentActivations(
  X: Float32Array,
  K: number,
  { channels, hadamard, rounding }: Presentation,
): RoundedActivations<'matmul'> | undefined {
  if (channels === undefined && hadamard === undefined && rounding === 'f32') return undefined;
  const presented = channels === undefined ? X.slice() : X.map((x, i) => x / channels[i % K]);
  const slack = new Float32Array(X.length);
  if (hadamard !== undefined) {
    hadamardRows(presented, K, hadamard);
    fillHadamardSlack(presented, hadamard, slack);
  }
  if (rounding !== 'f32') roundActivations(presented, K, rounding, slack);
  return { activations: { X: presented }, slack: { X: slack } };
}

const F32_ROUNDOFF = 2 ** -24;
/** Deviations of a rounding error that are allowed for. */
const DEVIATIONS = 4;

/**
 * Each of log₂(block) sums in f32 is off by a rounding that grows with the values' size; together they are off by the root of
 * their number, as random errors are.
 */
function fillHadamardSlack(X: Float32Array, block: number, slack: Float32Array): void {
  for (let from = 0; from < X.length; from += block) {
    let squares = 0;
    for (let i = from; i < from + block; i++) squares += X[i] * X[i];
    const size = Math.sqrt(squares / block);
    slack.fill(DEVIATIONS * Math.sqrt(Math.log2(block)) * F32_ROUNDOFF * size, from, from + block);
  }
}

/**
 * X [M,K] in place: x ≈ scale·round(x/scale) with scale = max|x|/127 over the row, or over each 32 values of it. Where x/scale is
 * so near a tie that f32 may round it either way, `slack` grows by a step.
 */
function roundActivations(X: Float32Array, K: number, rounding: 'int8' | 'int8-32', slack: Float32Array): void {
  const block = rounding === 'int8' ? K : ACTIVATION_BLOCK;
  for (let row = 0; row < X.length; row += K) {
    for (let from = row; from < row + K; from += block) {
      const to = Math.min(row + K, from + block);
      const scale = activationScale(X, from, to);
      for (let k = from; k < to; k++) {
        const quotient = scale === 0 ? 0 : X[k] / scale;
        X[k] = scale * Math.floor(quotient + 0.5);
        const uncertain = NEAR_TIE + (scale === 0 ? 0 : (2 * slack[k]) / scale);
        if (distanceFromTie(quotient) <= uncertain) slack[k] += scale;
      }
    }
  }
}

const INT8_MAX = 127;
/** Two roundings of f32, each 2⁻²⁴ of a quotient of at most 127, and one for an inverse. */
const NEAR_TIE = 3 * INT8_MAX * F32_ROUNDOFF;

/** max|x|/127 over X[from … to − 1], as f32. */
export function activationScale(X: Float32Array, from: number, to: number): number {
  let largest = 0;
  for (let k = from; k < to; k++) largest = Math.max(largest, Math.abs(X[k]));
  return Math.fround(largest / INT8_MAX);
}

function distanceFromTie(quotient: number): number {
  const magnitude = Math.abs(quotient);
  return Math.abs(magnitude - Math.floor(magnitude) - 0.5);
}
