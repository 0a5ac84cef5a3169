// Tokens in, logits of the next one out, by a model of the Llama family.
import { seededRandom } from '../../statistics/random.ts';
import { keyFormats } from '../datastore.ts';
import { kvCaches } from '../kv-cache.ts';
import { type LinearLayer, linearLayers, type ModelConfig, otherTensors } from '../model.ts';
import type { Operation } from '../operation.ts';
import type { ModelProblem, PackedModelWeights } from '../problem.ts';
import { forwardFloat64 } from './model-float64.ts';

/**
 * Of Σ reference², what the squared errors of logits come to at most in f32 arithmetic: 1e-12 to 1e-11 over text, a hundred times that
 * over tokens in an order that no text has. With products of f16 or TF32 it is 1e-7 and more.
 */
const MOST_NMSE = 1e-8;
/**
 * Where activations, keys or values are rounded, of up to so many layers, and of more as many times as much: a value that f32 and
 * float64 round to different steps is off by a whole one, and layer after layer more of them are. Thirty layers of random weights
 * come to 1.5e-3 in 8 bits, 192 with a cache of 4 bits to 2.4e-3.
 */
const MOST_NMSE_ROUNDED = { nmse: 1e-3, layers: 10 };

/**
 * Networks whose activations are mostly small beside a few large ones are moved further by values that round the other way: 3e-3 of
 * the energy where Hadamard's matrix mixes channels of 64 times the size into all others. So the float64 network is held against
 * itself with activations changed by what f32 may change them by, and kernels may be off by so many times the squared error of that.
 */
const MOST_OF_ROUNDING = 10;
/** Of Σ reference², however far the network is moved: a kernel that computes something else is off by about all of it. */
const MOST_NMSE_MOVED = 0.1;
/** Of their root mean square. */
const JITTER = 1e-6;
const JITTER_SEED = 1;

function jittered(
  present: PackedModelWeights['present'] = (_layer, X) => X,
): NonNullable<PackedModelWeights['present']> {
  const random = seededRandom(JITTER_SEED);
  return (layer, X, M) => {
    const reach = JITTER * Math.sqrt(X.reduce((sum, x) => sum + x * x, 0) / X.length);
    return present(
      layer,
      X.map((x) => x + (random.uniform() < 0.5 ? reach : -reach)),
      M,
    );
  };
}

/** How many tokens another model drafts, for this one to check in one call. */
const DRAFTED = [0, 1, 2, 4, 8];
/** Which experts each layer keeps: the half that add most to its output, or as many at random. */
const EXPERTS = ['all', 'half', 'random-half'];

export const model: Operation<'model'> = {
  baseline: 'dense',
  layerOp: 'matmul',
  choices: {
    kv: Object.keys(kvCaches),
    drafted: DRAFTED,
    datastore: ['none', ...Object.keys(keyFormats)],
    experts: EXPERTS,
  },
  identity({ phase, M, context, weights, layers, scale, draft, file }) {
    const size: Record<string, number> = { decode: { context }, prefill: { M }, generate: { context, M } }[phase];
    const repeats: Record<string, number> = scale === 1 ? {} : { scale };
    const drafter: Record<string, string> = draft === undefined ? {} : { draft: draft.name };
    const adapters: Record<string, string> = file.adapters === undefined ? {} : { adapters: file.adapters.name };
    return { phase, ...size, weights, layers, ...repeats, ...adapters, ...drafter };
  },
  freshActivations: ({ tokens }) => ({ tokens: tokens.toReversed() }),
  outputShape: ({ config }) => ({ rows: 1, columns: config.vocabularySize }),
  /** No bound holds for single logits: what roundings of one layer do to those after it can't be derived, only their energy is known. */
  reference(problem, weights, { tokens }) {
    const { vocabularySize, layers } = repeated(problem);
    const { present, roundCache, mixIn } = weights;
    const values = forwardFloat64(weights, tokens, present, roundCache, 'last', mixIn);
    const energy = values.reduce((sum, value) => sum + value * value, 0);
    const tolerance = new Float64Array(vocabularySize).fill(Number.POSITIVE_INFINITY);
    if (!weights.isRounded) return { values, tolerance, errorEnergy: energy * MOST_NMSE };
    const moved = forwardFloat64(weights, tokens, jittered(present), roundCache, 'last', mixIn);
    const ofRounding = moved.reduce((sum, value, i) => sum + (value - values[i]) ** 2, 0);
    const { nmse, layers: upTo } = MOST_NMSE_ROUNDED;
    const moving = Math.min(MOST_OF_ROUNDING * ofRounding, energy * MOST_NMSE_MOVED);
    return { values, tolerance, errorEnergy: Math.max(energy * nmse * Math.max(1, layers / upTo), moving) };
  },
  denseFlops: (problem) => flopsOf(problem, ({ N, K }) => 2 * N * K),
  denseBytes(problem) {
    const config = repeated(problem);
    const ofProducts = linearLayers(config).reduce((sum, { N, K }) => sum + N * K, 0);
    return 4 * (ofProducts + otherTensors(config).reduce((sum, { length }) => sum + length, 0));
  },
  activationBytes: (problem) => keyValueBytes(problem) + 4 * problem.config.vocabularySize,
};

/** Of the model that is run. */
export function repeated({ config, scale }: Pick<ModelProblem, 'config' | 'scale'>): ModelConfig {
  return { ...config, layers: scale * config.layers };
}

/** Of one call, where one row through a layer takes so many. The head takes the last row alone, but where each is a token's. */
export function flopsOf(problem: ModelProblem, perRow: (layer: LinearLayer) => number): number {
  const { phase, M, context } = problem;
  const config = repeated(problem);
  const headRows = phase === 'generate' ? M : 1;
  const ofProducts = linearLayers(config).reduce(
    (sum, layer) => sum + (layer.part === 'head' ? headRows : M * (layer.tokenShare ?? 1)) * perRow(layer),
    0,
  );
  const seen = M * context + (M * (M + 1)) / 2;
  return ofProducts + 4 * config.layers * config.heads * config.headDim * seen;
}

/** Keys and values of all tokens, as the caches hold them in f32. */
function keyValueBytes(problem: ModelProblem): number {
  const { layers, keyValueHeads, headDim } = repeated(problem);
  return 8 * layers * keyValueHeads * headDim * (problem.context + problem.M);
}
