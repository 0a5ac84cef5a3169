// Where the weights and activations of a problem come from: the bundled model, the user's own file, or a seed.
import type { Inputs } from '../contract/operation.ts';
import type { AttentionProblem, MatmulProblem, MlpProblem, MoeProblem, Op, Problem } from '../contract/problem.ts';
import { syntheticActivations, syntheticAttention, syntheticMlp, syntheticMoe, syntheticWeights } from './synthetic.ts';
import { readTensor } from './tensor-data.ts';
import { useLiteActivations, useLiteAttention, useLiteBias, useLiteWeights } from './use-lite/use-lite-cache.ts';

const USE_LITE = 'use-lite/';
const USE_LITE_FFN = /^use-lite\/(layer[01])\.ffn$/;
const USE_LITE_LAYER = /^use-lite\/layer([01])$/;

export function makeInputs(problem: Problem): Inputs<Op> {
  switch (problem.op) {
    case 'matmul':
      return matmulInputs(problem);
    case 'mlp':
      return mlpInputs(problem);
    case 'moe':
      return moeInputs(problem);
    case 'attention':
      return attentionInputs(problem);
    case 'model':
    case 'classify':
      throw new Error('inputs: must be asked for a layer, got a whole model');
    default:
      return problem satisfies never;
  }
}

export function matmulInputs(problem: MatmulProblem): Inputs<'matmul'> {
  return { weights: { W: loadWeights(problem) }, activations: { X: loadActivations(problem) } };
}

function loadWeights({ weights, N, K, seed, file }: MatmulProblem): Float32Array {
  if (file !== undefined) return readTensor(file.path, file.values);
  if (weights.startsWith(USE_LITE)) return useLiteWeights(weights.slice(USE_LITE.length));
  return syntheticWeights(N, K, seed);
}

function loadActivations({ weights, M, K, seed, file }: MatmulProblem): Float32Array {
  if (file === undefined && weights.startsWith(USE_LITE)) return useLiteActivations(weights.slice(USE_LITE.length), M);
  return syntheticActivations(M, K, seed);
}

export function mlpInputs({ weights, M, N, K, hidden, seed }: MlpProblem): Inputs<'mlp'> {
  const layer = USE_LITE_FFN.exec(weights)?.[1];
  if (layer === undefined)
    return { weights: syntheticMlp(N, K, hidden, seed), activations: { X: syntheticActivations(M, K, seed) } };
  const [fc1, fc2] = [`${layer}.fc1`, `${layer}.fc2`];
  const ofLayer = { W1: useLiteWeights(fc1), b1: useLiteBias(fc1), W2: useLiteWeights(fc2) };
  return { weights: ofLayer, activations: { X: useLiteActivations(fc1, M) } };
}

export function moeInputs({ M, K, hidden, experts, seed }: MoeProblem): Inputs<'moe'> {
  return { weights: syntheticMoe(K, hidden, experts, seed), activations: { X: syntheticActivations(M, K, seed) } };
}

export function attentionInputs(problem: AttentionProblem): Inputs<'attention'> {
  const { Q, K, V } = loadQueriesKeysValues(problem);
  return { weights: { K, V }, activations: { Q: lastQueries(Q, problem) } };
}

function loadQueriesKeysValues({ weights, heads, seqLen, headDim, seed }: AttentionProblem) {
  const layer = USE_LITE_LAYER.exec(weights)?.[1];
  if (layer === undefined) return syntheticAttention(heads, seqLen, headDim, seed);
  return useLiteAttention(layer === '0' ? 0 : 1, seqLen);
}

/** The queries of the last M positions of each head. */
function lastQueries(Q: Float32Array, { heads, M, seqLen, headDim }: AttentionProblem): Float32Array {
  const queries = new Float32Array(heads * M * headDim);
  for (let h = 0; h < heads; h++) {
    queries.set(Q.subarray(((h + 1) * seqLen - M) * headDim, (h + 1) * seqLen * headDim), h * M * headDim);
  }
  return queries;
}
