import type { MatmulProblem } from '../../bench/contract/problem.ts';

/** w[n,k] ≈ scales[n] · values[n,k], or scales[0] · values[n,k] where one scale serves the whole tensor. */
export interface Int8Weights {
  /** [N,K] in −127 … 127 */
  readonly values: Int8Array;
  /** [N] or [1] f32 */
  readonly scales: Float32Array;
}

export type Granularity = 'channel' | 'tensor';

const INT8_MAX = 127;

/** Symmetric round-to-nearest: the largest magnitude of a channel (or of all of W [N,K]) becomes ±127. */
export function packInt8(W: Float32Array, { N, K }: MatmulProblem, granularity: Granularity): Int8Weights {
  const scales = new Float32Array(granularity === 'channel' ? N : 1);
  const channel = W.length / scales.length;
  const values = new Int8Array(N * K);
  for (let s = 0; s < scales.length; s++) {
    scales[s] = largestMagnitude(W, s * channel, (s + 1) * channel) / INT8_MAX;
    for (let i = s * channel; i < (s + 1) * channel; i++) values[i] = quantize(W[i], scales[s]);
  }
  return { values, scales };
}

/** W [N,K], each weight rounded to f32. */
export function unpackInt8({ values, scales }: Int8Weights): Float32Array {
  const channel = values.length / scales.length;
  const W = new Float32Array(values.length);
  for (let s = 0; s < scales.length; s++) {
    for (let i = s * channel; i < (s + 1) * channel; i++) W[i] = scales[s] * values[i];
  }
  return W;
}

/** Rounds K values of X from `from` on to int8 by their own scale max|x|/127, into the same place; returns the scale. */
export function quantizeRow(X: Float32Array, from: number, K: number, into: Int8Array): number {
  const scale = Math.fround(largestMagnitude(X, from, from + K) / INT8_MAX);
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = from; i < from + K; i++) into[i] = Math.floor(X[i] * inverse + 0.5);
  return scale;
}

/**
 * Activations X [M,K] as W8A8 sees them: every row rounded to int8 by its own scale. `slack` is one step where
 * x/scale lies so near a tie that f32 arithmetic in another order may round it the other way.
 */
export function quantizeRows(X: Float32Array, M: number, K: number): { X: Float32Array; slack: Float32Array } {
  const rounded = new Int8Array(M * K);
  const quantized = new Float32Array(M * K);
  const slack = new Float32Array(M * K);
  for (let m = 0; m < M; m++) {
    const scale = quantizeRow(X, m * K, K, rounded);
    for (let i = m * K; i < (m + 1) * K; i++) {
      quantized[i] = scale * rounded[i];
      if (isNearTie(X[i], scale)) slack[i] = scale;
    }
  }
  return { X: quantized, slack };
}

function isNearTie(x: number, scale: number): boolean {
  if (scale === 0) return false;
  const quotient = Math.abs(x / scale);
  // Four roundings of f32 (scale, its inverse, product, rounding offset), each 2⁻²⁴ of a quotient of at most 127.
  return Math.abs(quotient - Math.floor(quotient) - 0.5) <= 4 * INT8_MAX * 2 ** -24;
}

function quantize(value: number, scale: number): number {
  if (scale === 0) return 0;
  return Math.max(-INT8_MAX, Math.min(INT8_MAX, Math.round(value / scale)));
}

function largestMagnitude(values: Float32Array, from: number, to: number): number {
  let largest = 0;
  for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}
