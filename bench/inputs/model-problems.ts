// Problems at the shapes of the bundled model, for suites to choose from.
import { DEFAULT_SEED } from '../contract/case.ts';
import type { AttentionProblem, MatmulProblem } from '../contract/problem.ts';
import { useLiteMatrix, useLiteMatrixNames } from './use-lite/use-lite-matrices.ts';

/** The attention and feed-forward matrices, which every token passes (`tanh` is met once a sentence). */
export const layerMatrices = useLiteMatrixNames.filter((matrix) => matrix !== 'tanh');

/** One weight matrix of Universal Sentence Encoder lite with M rows of the activations that really enter it. */
export function useLiteMatmul(matrix: string, M: number): MatmulProblem {
  const { N, K } = useLiteMatrix(matrix);
  return { op: 'matmul', M, N, K, weights: `use-lite/${matrix}`, seed: DEFAULT_SEED };
}

/** Decode on the matrix with the model's largest outliers, prefill on one that a software GPU gets through. */
export const quickMatmuls = [useLiteMatmul('layer1.fc2', 1), useLiteMatmul('layer0.qkv', 64)];

/** Seeded gaussian weights with outlier channels: for shapes the model does not have. */
export function syntheticMatmul(M: number, N: number, K: number): MatmulProblem {
  return { op: 'matmul', M, N, K, weights: 'synthetic', seed: DEFAULT_SEED };
}

/** The model's own Q, K and V over its longest sentence: the last M queries against seqLen keys. */
export function useLiteAttention(layer: 0 | 1, M: number, seqLen: number, causal: boolean): AttentionProblem {
  const headDim = layer === 0 ? 64 : 128;
  return {
    op: 'attention',
    M,
    seqLen,
    heads: 4,
    headDim,
    causal,
    weights: `use-lite/layer${layer}`,
    seed: DEFAULT_SEED,
  };
}

/** Seeded Q, K and V: for sequences longer than any sentence. */
export function syntheticAttention(
  heads: number,
  M: number,
  seqLen: number,
  headDim: number,
  causal: boolean,
): AttentionProblem {
  return { op: 'attention', M, seqLen, heads, headDim, causal, weights: 'synthetic', seed: DEFAULT_SEED };
}
