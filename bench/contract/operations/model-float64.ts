// The network in float64: the shortest right code, which everything else is held against.
import {
  EMBEDDING,
  type FeedForwardNames,
  feedForwards,
  headName,
  type LinearLayer,
  linearLayers,
  type ModelWeights,
  routerName,
  rowsOf,
} from '../model.ts';
import { rotaryFrequencies } from '../rotation.ts';

/** The activations [M,K] that a layer's kernel really multiplies, in place of those that come to it. */
export type RoundActivations = (layer: LinearLayer, X: Float32Array, M: number) => Float32Array;

/** Keys, as they are turned by their positions, and values as a cache leaves them: rows [tokens · keyValueHeads] of headDim. */
export interface RoundCache {
  keys(rows: Float64Array): Float64Array;
  values(rows: Float64Array): Float64Array;
}

const activations = {
  silu: (g: number) => g / (1 + Math.exp(-g)),
  relu: (g: number) => Math.max(0, g),
};

/** Logits [tokens, vocabularySize] of a text from its beginning, or [vocabularySize] of what follows its last token. */
export function forwardFloat64(
  { config, tensor, lookUp = (tokens) => rowsOf(tensor(EMBEDDING), config.hiddenSize, tokens) }: ModelWeights,
  tokens: readonly number[],
  roundActivations?: RoundActivations,
  roundCache: RoundCache = { keys: (rows) => rows, values: (rows) => rows },
  want: 'all' | 'last' = 'all',
  /** What is looked up at a state [hiddenSize] that the head reads, into the logits beside it. */
  mixIn?: (logits: Float64Array, state: Float64Array) => void,
): Float64Array {
  const { heads, keyValueHeads, headDim, normEpsilon } = config;
  const layers = new Map(linearLayers(config).map((layer) => [layer.name, layer]));
  const M = tokens.length;
  const activate = activations[config.activation];

  function linear(X: Float64Array, name: string, bias?: string): Float64Array {
    const layer = layers.get(name)!;
    const { N, K } = layer;
    const W = tensor(name);
    const x = roundActivations?.(layer, Float32Array.from(X), X.length / K) ?? X;
    const b = bias === undefined ? undefined : tensor(bias);
    const rows = X.length / K;
    const Y = new Float64Array(rows * N);
    for (let n = 0; n < N; n++) {
      for (let m = 0; m < rows; m++) {
        let sum = b?.[n] ?? 0;
        for (let k = 0; k < K; k++) sum += x[m * K + k] * W[n * K + k];
        Y[m * N + n] = sum;
      }
    }
    return Y;
  }

  /** Of each run of as many values as there are weights. */
  function norm(X: Float64Array, name: string): Float64Array {
    const weight = tensor(name);
    const K = weight.length;
    const meanSquares = Float64Array.from({ length: X.length / K }, (_, row) => {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += X[row * K + k] ** 2;
      return sum / K;
    });
    return X.map((x, i) => (x / Math.sqrt(meanSquares[Math.floor(i / K)] + normEpsilon)) * weight[i % K]);
  }

  /** X [M, heads, headDim]: the first half of a head turns with the second. */
  function rotate(X: Float64Array): Float64Array {
    const half = headDim / 2;
    const frequencies = rotaryFrequencies(config);
    const perRow = X.length / M;
    return X.map((x, i) => {
      const d = i % headDim;
      const angle = Math.floor(i / perRow) * frequencies[d % half];
      const other = d < half ? -X[i + half] : X[i - half];
      return x * Math.cos(angle) + other * Math.sin(angle);
    });
  }

  function attend(Q: Float64Array, K: Float64Array, V: Float64Array): Float64Array {
    const O = new Float64Array(Q.length);
    for (let m = 0; m < M; m++) {
      for (let h = 0; h < heads; h++) {
        const head = Math.floor((h * keyValueHeads) / heads);
        const q = (m * heads + h) * headDim;
        const at = (j: number) => (j * keyValueHeads + head) * headDim;
        const scores = Float64Array.from({ length: m + 1 }, (_, j) => {
          let sum = 0;
          for (let d = 0; d < headDim; d++) sum += Q[q + d] * K[at(j) + d];
          return sum / Math.sqrt(headDim);
        });
        const max = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - max));
        const total = powers.reduce((sum, power) => sum + power, 0);
        for (let j = 0; j <= m; j++) for (let d = 0; d < headDim; d++) O[q + d] += (powers[j] / total) * V[at(j) + d];
      }
    }
    return O;
  }

  function feed(X: Float64Array, names: FeedForwardNames): Float64Array {
    const gate = linear(X, names.gate);
    const up = linear(X, names.up);
    return linear(
      gate.map((g, j) => activate(g) * up[j]),
      names.down,
    );
  }

  function mix(X: Float64Array, experts: readonly FeedForwardNames[], router: Float32Array): Float64Array {
    const K = config.hiddenSize;
    const shares = Array.from({ length: M }, (_, m) => sharesOf(X.subarray(m * K, (m + 1) * K), router));
    const Y = new Float64Array(X.length);
    for (const [e, names] of experts.entries()) {
      const taken = shares.flatMap((share, m) => (share[e] > 0 ? [m] : []));
      if (taken.length === 0) continue;
      const output = feed(
        Float64Array.from({ length: taken.length * K }, (_, i) => X[taken[Math.floor(i / K)] * K + (i % K)]),
        names,
      );
      for (const [i, m] of taken.entries())
        for (let k = 0; k < K; k++) Y[m * K + k] += shares[m][e] * output[i * K + k];
    }
    return Y;
  }

  /** Of each expert in the output: 0 of those that are not among the best, the first of equal ones first. */
  function sharesOf(x: Float64Array, router: Float32Array): Float64Array {
    const { count, perToken } = config.experts!;
    const scores = Float64Array.from({ length: count }, (_, e) =>
      x.reduce((sum, value, k) => sum + value * router[e * x.length + k], 0),
    );
    const best = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, perToken);
    const powers = scores.map((score, e) => (best.includes(e) ? Math.exp(score - scores[best[0]]) : 0));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  }

  let x = Float64Array.from(lookUp(tokens));
  for (let i = 0; i < config.layers; i++) {
    const block = `model.layers.${i}.`;
    const attention = (name: string, hasBias: boolean) =>
      [`${block}self_attn.${name}.weight`, hasBias ? `${block}self_attn.${name}.bias` : undefined] as const;
    const normed = norm(x, `${block}input_layernorm.weight`);
    const [Q, K, V] = ['q_proj', 'k_proj', 'v_proj'].map((name) =>
      linear(normed, ...attention(name, config.hasQkvBias)),
    );
    const [q, k] = config.hasQkNorm
      ? [norm(Q, `${block}self_attn.q_norm.weight`), norm(K, `${block}self_attn.k_norm.weight`)]
      : [Q, K];
    const attended = linear(
      attend(rotate(q), roundCache.keys(rotate(k)), roundCache.values(V)),
      ...attention('o_proj', config.hasOutputBias),
    );
    x = x.map((value, j) => value + attended[j]);
    const middle = norm(x, `${block}post_attention_layernorm.weight`);
    const feeds = feedForwards(config, `model.layers.${i}`);
    const added =
      config.experts === undefined
        ? feed(middle, feeds[0])
        : mix(middle, feeds, tensor(routerName(`model.layers.${i}`)));
    x = x.map((value, j) => value + added[j]);
  }
  const states = norm(want === 'all' ? x : x.slice(-config.hiddenSize), 'model.norm.weight');
  const logits = linear(states, headName(config));
  const row = (values: Float64Array, i: number, size: number) => values.subarray(i * size, (i + 1) * size);
  for (let i = 0; i < states.length / config.hiddenSize; i++)
    mixIn?.(row(logits, i, config.vocabularySize), row(states, i, config.hiddenSize));
  return logits;
}
