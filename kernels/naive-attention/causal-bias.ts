import type { AttentionProblem } from '../../bench/contract/problem.ts';

/** Far below any score, so that exp gives 0, and far enough from the largest f32 to have a score added to it. */
const HIDDEN = -1e30;

/**
 * What runtimes without a causal mask of their own add to the scores [M, seqLen], whose queries are the last M
 * positions: 0 where a key is visible, else HIDDEN; undefined where all keys are.
 */
export function causalBias({ M, seqLen, causal }: AttentionProblem): Float32Array | undefined {
  // The last position sees all keys.
  if (!causal || M === 1) return undefined;
  const bias = new Float32Array(M * seqLen);
  for (let row = 0; row < M; row++) bias.fill(HIDDEN, row * seqLen + seqLen - M + row + 1, (row + 1) * seqLen);
  return bias;
}
