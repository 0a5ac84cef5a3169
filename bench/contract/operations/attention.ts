// O = softmax(Q·Kᵀ / √headDim) · V for each head: Q and O [heads, M, headDim], K and V [heads, seqLen, headDim].
import { F32_ROUNDOFF, type Operation } from '../operation.ts';
import type { AttentionProblem } from '../problem.ts';

export const attention: Operation<'attention'> = {
  baseline: 'naive-attention',
  layerOp: 'attention',
  identity: ({ M, seqLen, heads, headDim, causal, weights }) => ({ M, seqLen, heads, headDim, causal, weights }),
  freshActivations: ({ Q }) => ({ Q: Q.toReversed().map((q) => -q) }),
  outputShape: ({ heads, M, headDim }) => ({ rows: heads * M, columns: headDim }),
  /**
   * Element by element the worst that roundings can do together; over all elements together what they do where they fall up and
   * down at random, which is a hundred times less at 4096 keys and tells weights or values of f16 or TF32.
   */
  reference(problem, { K, V }, { Q }, rows) {
    const { headDim } = problem;
    const values = new Float64Array(rows.length * headDim);
    const tolerance = new Float64Array(rows.length * headDim);
    let errorEnergy = 0;
    for (let r = 0; r < rows.length; r++) {
      const softmax = softmaxOf(problem, rows[r], Q, K);
      const row = weigh(problem, rows[r], softmax, V);
      values.set(row.values, r * headDim);
      tolerance.set(row.tolerance, r * headDim);
      errorEnergy += energyOf(problem, rows[r], softmax, row, V);
    }
    return { values, tolerance, errorEnergy };
  },
  denseFlops: (problem) => 4 * problem.heads * problem.headDim * visiblePairs(problem),
  denseBytes: ({ heads, seqLen, headDim }) => 8 * heads * seqLen * headDim,
  activationBytes: ({ heads, M, headDim }) => 8 * heads * M * headDim,
};

/** (query, key) pairs of one head that causality leaves. */
export function visiblePairs({ M, seqLen, causal }: AttentionProblem): number {
  return causal ? M * (seqLen - M) + (M * (M + 1)) / 2 : M * seqLen;
}

interface Softmax {
  /** exp(s − max) / Σ exp of each key that is seen. */
  readonly weights: Float64Array;
  /** Σ|q||k|/√headDim of each. */
  readonly magnitudes: Float64Array;
  /** How far each score lies below the largest. */
  readonly depths: Float64Array;
  /** How often a score is the largest so far, in key order. */
  readonly maxima: number;
}

function softmaxOf({ M, seqLen, headDim, causal }: AttentionProblem, row: number, Q: Float32Array, K: Float32Array) {
  const head = Math.floor(row / M);
  const visible = causal ? seqLen - M + (row % M) + 1 : seqLen;
  const q = Q.subarray(row * headDim, (row + 1) * headDim);
  const scores = new Float64Array(visible);
  const magnitudes = new Float64Array(visible);
  let max = -Infinity;
  let maxima = 0;
  for (let j = 0; j < visible; j++) {
    const key = (head * seqLen + j) * headDim;
    for (let d = 0; d < headDim; d++) {
      scores[j] += (q[d] * K[key + d]) / Math.sqrt(headDim);
      magnitudes[j] += Math.abs(q[d] * K[key + d]) / Math.sqrt(headDim);
    }
    if (scores[j] > max) maxima++;
    max = Math.max(max, scores[j]);
  }
  const depths = scores.map((score) => max - score);
  const exponentials = depths.map((depth) => Math.exp(-depth));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return { weights: exponentials.map((e) => e / sum), magnitudes, depths, maxima } satisfies Softmax;
}

interface Weighed {
  /** [headDim] */
  readonly values: Float64Array;
  readonly tolerance: Float64Array;
  /** The largest magnitude of the running sum of each, in key order. */
  readonly peaks: Float64Array;
}

/** Of the largest: exponentials that are smaller come near the end of f32's range, and may be taken for any other as small. */
const SMALLEST_WEIGHT = 2 ** -120;

/**
 * One output row. Errors of an f32 kernel, in units of u: a score is off by (headDim+3)·Σ|q||k|/√headDim; exp is good
 * to 4 + 2|s−max| ulp (the WebGPU specification allows WGSL 3 + 2|x|), and its argument carries the roundings of
 * s − max; an online softmax rescales once for each new maximum, in key order; sums add their length.
 */
function weigh({ M, seqLen, headDim }: AttentionProblem, row: number, softmax: Softmax, V: Float32Array): Weighed {
  const { weights, maxima } = softmax;
  const head = Math.floor(row / M);
  const roundings = roundingsOfWeights(softmax, headDim + 3);
  const values = new Float64Array(headDim);
  const tolerance = new Float64Array(headDim);
  const peaks = new Float64Array(headDim);
  const ofSum = weights.reduce((sum, weight, j) => sum + weight * roundings[j], 0);
  const common = ofSum + 2 * weights.length + maxima * (6 + 2 * rangeOf(softmax)) + 8;
  for (let j = 0; j < weights.length; j++) {
    const value = (head * seqLen + j) * headDim;
    for (let d = 0; d < headDim; d++) {
      const share = weights[j] * V[value + d];
      values[d] += share;
      tolerance[d] += F32_ROUNDOFF * (common + roundings[j]) * Math.abs(share);
      tolerance[d] += SMALLEST_WEIGHT * Math.abs(V[value + d]);
      peaks[d] = Math.max(peaks[d], Math.abs(values[d]));
    }
  }
  return { values, tolerance, peaks };
}

/** How far the weight of each key may be off, in units of u, where a sum over headDim adds so many roundings. */
function roundingsOfWeights({ magnitudes, depths }: Softmax, ofScore: number): Float64Array {
  return depths.map((depth, j) => ofScore * magnitudes[j] + 3 * depth + 4);
}

function rangeOf({ depths }: Softmax): number {
  return depths.reduce((a, b) => Math.max(a, b), 0);
}

/**
 * How large Σ error² of one output row may be where roundings fall up and down at random, as those of sums do (Higham & Mary,
 * SIAM J. Sci. Comput. 41, 2019): n of them come to √n.
 * - The weights pⱼ are off each by itself, by ρⱼ·u·pⱼ with √headDim roundings of the score instead of headDim. As the weights are
 *   divided by their sum, the output moves by pⱼ·(Vⱼ − O)·ρⱼ·u, and the squares of that add up over the keys.
 * - An addition is off by u of the running sum, not of Σ|pⱼVⱼ| (Higham & Mary, SIAM J. Sci. Comput. 42, 2020), so n of them
 *   by √n·u of the largest the running sum becomes; so are the rescalings of an online softmax, whose factors together are
 *   off by the range of the scores.
 * Kernels here use a fifth of its root at most. Weights and values of f16 or TF32 are off by 2⁻¹¹ each, thousands of u.
 */
function energyOf(
  { M, seqLen, headDim }: AttentionProblem,
  row: number,
  softmax: Softmax,
  { values, peaks }: Weighed,
  V: Float32Array,
): number {
  const { weights, maxima } = softmax;
  const head = Math.floor(row / M);
  const roundings = roundingsOfWeights(softmax, Math.sqrt(headDim) + 3);
  const ofSum = Math.sqrt(weights.length) + 6 * Math.sqrt(maxima) + 2 * rangeOf(softmax) + 8;
  let energy = peaks.reduce((sum, peak) => sum + (ofSum * peak) ** 2, 0);
  for (let j = 0; j < weights.length; j++) {
    const value = (head * seqLen + j) * headDim;
    const ofWeight = weights[j] * roundings[j];
    for (let d = 0; d < headDim; d++) energy += (ofWeight * (V[value + d] - values[d])) ** 2;
  }
  return F32_ROUNDOFF ** 2 * energy;
}
