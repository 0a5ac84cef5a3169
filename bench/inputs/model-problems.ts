// Problems at the shapes of the bundled model, for suites to choose from.
import { DEFAULT_SEED } from '../contract/case.ts';
import type { AttentionProblem, MatmulProblem, MlpProblem, MoeProblem } from '../contract/problem.ts';
import { useLiteMatrix } from './use-lite/use-lite-matrices.ts';

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

/** The feed-forward part of a layer of the same model: a matrix that widens three times, a bias, ReLU, and one that narrows. */
export function useLiteMlp(layer: 0 | 1, M: number): MlpProblem {
  const { N: hidden, K } = useLiteMatrix(`layer${layer}.fc1`);
  const { N } = useLiteMatrix(`layer${layer}.fc2`);
  return { op: 'mlp', M, N, K, hidden, weights: `use-lite/layer${layer}.ffn`, seed: DEFAULT_SEED };
}

export function syntheticMlp(M: number, N: number, K: number, hidden: number): MlpProblem {
  return { op: 'mlp', M, N, K, hidden, weights: 'synthetic', seed: DEFAULT_SEED };
}

export function syntheticMoe(M: number, K: number, hidden: number, experts: number, topK: number): MoeProblem {
  return { op: 'moe', M, K, hidden, experts, topK, weights: 'synthetic', seed: DEFAULT_SEED };
}

/**
 * What a night measures: decode, prefill of a sentence and of a long text, each on a matrix that widens, one that narrows
 * and a square one, of the layer with the larger outliers; and 64 MiB of weights, past the last-level cache of most machines.
 */
export const nightlyMatmuls = [
  ...['layer1.fc1', 'layer1.fc2', 'layer1.out'].flatMap((matrix) => [1, 64, 256].map((M) => useLiteMatmul(matrix, M))),
  syntheticMatmul(1, 4096, 4096),
];

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
