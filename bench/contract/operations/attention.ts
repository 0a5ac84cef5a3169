// O = softmax(Q·Kᵀ / √headDim) · V for each head: Q and O [heads, M, headDim], K and V [heads, seqLen, headDim].
import { F32_ROUNDOFF, type Operation } from '../operation.ts';
import type { AttentionProblem } from '../problem.ts';

export const attention: Operation<'attention'> = {
  baseline: 'naive-attention',
  identity: ({ M, seqLen, heads, headDim, causal, weights }) => ({ M, seqLen, heads, headDim, causal, weights }),
  freshActivations: ({ Q }) => ({ Q: Q.toReversed().map((q) => -q) }),
  outputShape: ({ heads, M, headDim }) => ({ rows: heads * M, columns: headDim }),
  reference(problem, { K, V }, { Q }, rows) {
    const { headDim } = problem;
    const values = new Float64Array(rows.length * headDim);
    const tolerance = new Float64Array(rows.length * headDim);
    for (let r = 0; r < rows.length; r++) {
      const row = attendRow(problem, rows[r], Q, K, V);
      values.set(row.values, r * headDim);
      tolerance.set(row.tolerance, r * headDim);
    }
    const errorEnergy = tolerance.reduce((sum, bound) => sum + bound * bound, 0);
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

/**
 * One output row. Errors of an f32 kernel, in units of u: a score is off by (headDim+3)·Σ|q||k|/√headDim; exp is good
 * to 4 + 2|s−max| ulp (the WebGPU specification allows WGSL 3 + 2|x|), and its argument carries the roundings of
 * s − max; an online softmax rescales once for each new maximum, in key order; sums add their length.
 */
function attendRow(problem: AttentionProblem, row: number, Q: Float32Array, K: Float32Array, V: Float32Array) {
  const { M, seqLen, headDim, causal } = problem;
  const head = Math.floor(row / M);
  const visible = causal ? seqLen - M + (row % M) + 1 : seqLen;
  const q = Q.subarray(row * headDim, (row + 1) * headDim);
  const scores = new Float64Array(visible);
  const roundings = new Float64Array(visible);
  let max = -Infinity;
  let maxima = 0;
  for (let j = 0; j < visible; j++) {
    const key = (head * seqLen + j) * headDim;
    for (let d = 0; d < headDim; d++) {
      scores[j] += (q[d] * K[key + d]) / Math.sqrt(headDim);
      roundings[j] += Math.abs(q[d] * K[key + d]) / Math.sqrt(headDim);
    }
    if (scores[j] > max) maxima++;
    max = Math.max(max, scores[j]);
  }
  const range = max - scores.reduce((a, b) => Math.min(a, b), max);
  let sum = 0;
  let sumRoundings = 0;
  for (let j = 0; j < visible; j++) {
    const p = Math.exp(scores[j] - max);
    roundings[j] = (headDim + 3) * roundings[j] + 3 * (max - scores[j]) + 4;
    scores[j] = p;
    sum += p;
    sumRoundings += p * roundings[j];
  }
  const values = new Float64Array(headDim);
  const tolerance = new Float64Array(headDim);
  const common = sumRoundings / sum + 2 * visible + maxima * (6 + 2 * range) + 8;
  for (let j = 0; j < visible; j++) {
    const value = (head * seqLen + j) * headDim;
    for (let d = 0; d < headDim; d++) {
      const share = (scores[j] / sum) * V[value + d];
      values[d] += share;
      tolerance[d] += F32_ROUNDOFF * (common + roundings[j]) * Math.abs(share);
    }
  }
  return { values, tolerance };
}
