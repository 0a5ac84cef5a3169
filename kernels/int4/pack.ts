import type { MatmulProblem } from '../../bench/contract/problem.ts';

/** w[n,k] ≈ scales[n, ⌊k/groupSize⌋] · (nibble[n,k] − 8), groups along K, the last of a row possibly shorter. */
export interface Int4Weights {
  /** [N, ceil(K/2)]: two weights a byte, the even one in the low half, each biased by 8. */
  readonly values: Uint8Array;
  /** [N, ceil(K/groupSize)] */
  readonly scales: Float16Array;
}

const BIAS = 8;
const F16_MAX = 65504;
/** Smaller ones are subnormal: fewer than eleven bits. */
const F16_MIN_NORMAL = 2 ** -14;

/** Bytes of values in one row. */
export function valueStride(K: number): number {
  return Math.ceil(K / 2);
}

/**
 * Symmetric groups as in ggml's Q4_0: the weight of largest magnitude becomes −8, so that all 16 levels are used; the
 * scale is rounded to f16 first and the weights are rounded against what is really stored.
 */
export function packInt4(W: Float32Array, { N, K }: MatmulProblem, groupSize: number): Int4Weights {
  const groups = Math.ceil(K / groupSize);
  const values = new Uint8Array(N * valueStride(K)).fill(BIAS | (BIAS << 4));
  const scales = new Float16Array(N * groups);
  for (let n = 0; n < N; n++) {
    for (let g = 0; g < groups; g++) {
      const from = g * groupSize;
      const to = Math.min(K, from + groupSize);
      scales[n * groups + g] = groupScale(W, n * K + from, n * K + to);
      const scale = scales[n * groups + g];
      for (let k = from; k < to; k++) {
        const at = n * valueStride(K) + (k >> 1);
        const shift = (k & 1) * 4;
        values[at] = (values[at] & ~(15 << shift)) | (quantize(W[n * K + k], scale) << shift);
      }
    }
  }
  return { values, scales };
}

/** W [N,K], each weight rounded to f32. */
export function unpackInt4({ values, scales }: Int4Weights, { N, K }: MatmulProblem, groupSize: number): Float32Array {
  const groups = Math.ceil(K / groupSize);
  const W = new Float32Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const nibble = (values[n * valueStride(K) + (k >> 1)] >> ((k & 1) * 4)) & 15;
      W[n * K + k] = scales[n * groups + Math.floor(k / groupSize)] * (nibble - BIAS);
    }
  }
  return W;
}

function groupScale(W: Float32Array, from: number, to: number): number {
  return Math.max(-F16_MAX, Math.min(F16_MAX, extremeOf(W, from, to) / -BIAS));
}

/** The weight of largest magnitude, signed. */
function extremeOf(W: Float32Array, from: number, to: number): number {
  let extreme = 0;
  for (let i = from; i < to; i++) if (Math.abs(W[i]) > Math.abs(extreme)) extreme = W[i];
  return extreme;
}

function quantize(weight: number, scale: number): number {
  if (scale === 0) return BIAS;
  return Math.max(0, Math.min(15, Math.round(weight / scale) + BIAS));
}

/** Where f16 could not hold the scale that the weights W [N,K] of a group ask for, in words; undefined where it always could. */
export function whatScalesLost(
  W: Float32Array,
  scales: Float16Array,
  K: number,
  groupSize: number,
): string | undefined {
  const groups = Math.ceil(K / groupSize);
  let [zero, subnormal, cut] = [0, 0, 0];
  for (let s = 0; s < scales.length; s++) {
    const from = Math.floor(s / groups) * K + (s % groups) * groupSize;
    const wanted = Math.abs(extremeOf(W, from, Math.min(from + groupSize, (Math.floor(s / groups) + 1) * K))) / BIAS;
    const stored = Math.abs(scales[s]);
    if (wanted > F16_MAX) cut++;
    else if (wanted > 0 && stored === 0) zero++;
    else if (stored > 0 && stored < F16_MIN_NORMAL) subnormal++;
  }
  const losses = [
    zero > 0 && `${zero} of ${scales.length} f16 scales underflowed to 0, their weights with them`,
    subnormal > 0 && `${subnormal} of ${scales.length} f16 scales are subnormal and hold fewer than 11 bits`,
    cut > 0 && `${cut} of ${scales.length} f16 scales overflowed: weights are cut at ${F16_MAX * BIAS}`,
  ].filter(Boolean);
  return losses.length > 0 ? losses.join('; ') : undefined;
}
