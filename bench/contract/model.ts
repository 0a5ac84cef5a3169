// A whole network of the Llama family as readers of model files hand it on: what it is made of, its tensors and its tokenizer.

/** How rotary embeddings stretch beyond the length they were trained at. */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    };

/** Names of architectures as GGUF and, but for Mistral, Hugging Face spell them. */
export const architectures = ['llama', 'qwen2', 'qwen3'] as const;
export type Architecture = (typeof architectures)[number];

/** SwiGLU's and ReGLU's (Shazeer, arXiv 2002.05202). */
export type Activation = 'silu' | 'relu';

/** Feed-forwards of which a router chooses a few for each token. */
export interface Experts {
  readonly count: number;
  readonly perToken: number;
  /** Of each layer, which of those that were trained they are: all where not said. */
  readonly kept?: readonly (readonly number[])[];
}

export interface ModelConfig {
  readonly architecture: Architecture;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly normEpsilon: number;
  /** The longest sequence it was trained for, in tokens. */
  readonly contextLength: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  /** The head multiplies with the embedding. */
  readonly isHeadTied: boolean;
  /** Biases on queries, keys and values, as Qwen2 has; `hasOutputBias` that of the product after attention. */
  readonly hasQkvBias: boolean;
  readonly hasOutputBias: boolean;
  /** Norms of each head's queries and keys, as Qwen3 has. */
  readonly hasQkNorm: boolean;
  /** What gates a feed-forward: activation(gate) · up. */
  readonly activation: Activation;
  /** In place of one feed-forward, each of feedForwardSize: Mixtral's (Jiang et al., arXiv 2401.04088). */
  readonly experts?: Experts;
}

/**
 * Tensors go by the names that Hugging Face gives them, `model.layers.0.self_attn.q_proj.weight`, and matrices lie as W [N,K]
 * in rows, with rotary halves (the first half of a head's dimensions turns with the second), wherever they were read from.
 */
export interface ModelWeights {
  readonly config: ModelConfig;
  /** Reads a tensor as f32, anew at each call, so that none is held longer than it is used. Throws where there is none. */
  tensor(name: string): Float32Array;
  /**
   * Rows [tokens, hiddenSize] that tokens are looked up in. Those of the embedding where not said; others where the head is tied
   * to it and multiplies with them transformed. What reads from a file reads these rows alone.
   */
  lookUp?(tokens: readonly number[]): Float32Array;
  /** What was learned beside the weights of that name; undefined where nothing was. Missing where the model has no adapters. */
  readonly factors?: (weights: string) => LearnedFactors | undefined;
}

/** Thin factors that were learned beside weights W [N,K] and whose product is added to them. */
export interface LearnedFactors {
  /** [rank,K] */
  readonly down: Float32Array;
  /** [N,rank] */
  readonly up: Float32Array;
}

export interface Tokenizer {
  /** Ids of the text, with a token of beginning before it where the model wants one. */
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
}

export interface Model extends ModelWeights {
  /** `moby`, or the stem of the user's folder or file: what case ids and rows call it. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

/** A product with weights, of which each layer has seven; the head is the last of all. */
export interface LinearLayer {
  /** Of its weights: `model.layers.0.self_attn.q_proj.weight`. */
  readonly name: string;
  readonly part: 'attn' | 'ffn' | 'head';
  readonly N: number;
  readonly K: number;
  /** How many of all tokens go through an expert's. All where not said. */
  readonly tokenShare?: number;
}

/** In the order they are used. */
export function linearLayers(config: ModelConfig): LinearLayer[] {
  const { hiddenSize, feedForwardSize, heads, keyValueHeads, headDim } = config;
  const [queries, keys] = [heads * headDim, keyValueHeads * headDim];
  const ofLayer = (i: number): LinearLayer[] => {
    const attention = (name: string, N: number, K: number): LinearLayer => {
      return { name: `model.layers.${i}.self_attn.${name}.weight`, part: 'attn', N, K };
    };
    return [
      attention('q_proj', queries, hiddenSize),
      attention('k_proj', keys, hiddenSize),
      attention('v_proj', keys, hiddenSize),
      attention('o_proj', hiddenSize, queries),
      ...feedForwards(config, `model.layers.${i}`).flatMap(({ gate, up, down, tokenShare }): LinearLayer[] => [
        { name: gate, part: 'ffn', N: feedForwardSize, K: hiddenSize, tokenShare },
        { name: up, part: 'ffn', N: feedForwardSize, K: hiddenSize, tokenShare },
        { name: down, part: 'ffn', N: hiddenSize, K: feedForwardSize, tokenShare },
      ]),
    ];
  };
  const head: LinearLayer = { name: headName(config), part: 'head', N: config.vocabularySize, K: hiddenSize };
  return [...Array.from({ length: config.layers }, (_, i) => ofLayer(i)).flat(), head];
}

const BLOCK_PREFIX = /^model\.layers\.(\d+)/;

/** Number of the block that a tensor is of; undefined where it is of none. */
export function blockOf(name: string): number | undefined {
  const number = BLOCK_PREFIX.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The same for tensors that stand in the same place of each block. */
export function roleOf(name: string): string {
  return name.replace(BLOCK_PREFIX, '');
}

/** Names of the weights of a layer's feed-forward, or of each of its experts. */
export interface FeedForwardNames {
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  readonly tokenShare?: number;
}

export function feedForwards({ experts }: ModelConfig, layer: string): FeedForwardNames[] {
  const named = (block: string, [gate, up, down]: readonly string[], tokenShare?: number) => {
    const name = (weights: string) => `${layer}.${block}.${weights}.weight`;
    return { gate: name(gate), up: name(up), down: name(down), tokenShare };
  };
  if (experts === undefined) return [named('mlp', ['gate_proj', 'up_proj', 'down_proj'])];
  const { count, perToken, kept } = experts;
  // A stack that stands on itself keeps the same in each of its layers.
  const numbers = kept?.[blockOf(layer)! % kept.length] ?? Array.from({ length: count }, (_, i) => i);
  return numbers.map((i) => named(`block_sparse_moe.experts.${i}`, ['w1', 'w3', 'w2'], perToken / count));
}

/** [experts, hiddenSize]: what scores a layer's experts by. */
export function routerName(layer: string): string {
  return `${layer}.block_sparse_moe.gate.weight`;
}

export const EMBEDDING = 'model.embed_tokens.weight';

/** The rows of a matrix [N,K] that have these numbers, side by side. */
export function rowsOf(matrix: Float32Array, K: number, numbers: readonly number[]): Float32Array {
  const rows = new Float32Array(numbers.length * K);
  for (const [i, row] of numbers.entries()) rows.set(matrix.subarray(row * K, (row + 1) * K), i * K);
  return rows;
}

export function headName({ isHeadTied }: ModelConfig): string {
  return isHeadTied ? EMBEDDING : 'lm_head.weight';
}

export interface OtherTensor {
  readonly name: string;
  readonly length: number;
  /** [length] where not said. */
  readonly shape?: readonly number[];
}

/** Names and shapes of all tensors that no linear layer multiplies with; an embedding that is the head's is none of them. */
export function otherTensors(config: ModelConfig): OtherTensor[] {
  const { hiddenSize, heads, keyValueHeads, headDim, vocabularySize, isHeadTied, experts } = config;
  const ofLayer = (i: number) => {
    const attention = (name: string, length: number) => ({ name: `model.layers.${i}.self_attn.${name}`, length });
    return [
      { name: `model.layers.${i}.input_layernorm.weight`, length: hiddenSize },
      { name: `model.layers.${i}.post_attention_layernorm.weight`, length: hiddenSize },
      ...(config.hasQkvBias
        ? [
            attention('q_proj.bias', heads * headDim),
            attention('k_proj.bias', keyValueHeads * headDim),
            attention('v_proj.bias', keyValueHeads * headDim),
          ]
        : []),
      ...(config.hasOutputBias ? [attention('o_proj.bias', hiddenSize)] : []),
      ...(experts === undefined
        ? []
        : [
            {
              name: routerName(`model.layers.${i}`),
              length: experts.count * hiddenSize,
              shape: [experts.count, hiddenSize],
            },
          ]),
      ...(config.hasQkNorm ? [attention('q_norm.weight', headDim), attention('k_norm.weight', headDim)] : []),
    ];
  };
  return [
    ...(isHeadTied ? [] : [{ name: EMBEDDING, length: vocabularySize * hiddenSize }]),
    ...Array.from({ length: config.layers }, (_, i) => ofLayer(i)).flat(),
    { name: 'model.norm.weight', length: hiddenSize },
  ];
}
