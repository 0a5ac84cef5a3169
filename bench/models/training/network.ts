// A network of the Llama family, forwards to its losses and backwards to the gradients of its weights, for one shard of a
// batch. It computes what Hugging Face's LlamaForCausalLM computes.
import type { Exports } from '../../backends/wasm-instance.ts';
import { EMBEDDING, type ModelConfig } from '../../contract/model.ts';
import { mixtureOfExperts } from './experts.ts';
import { feedForward } from './feed-forward.ts';
import { adapterLayers, linearLayers } from './linear.ts';
import { type LayerMemory, type NetworkMemory, qkvWidth, type ShardMemory } from './memory.ts';
import { FINAL_NORM, parametersOf } from './parameters.ts';
import type { NetworkSettings } from './recipes.ts';

export interface Network {
  /** From the shard's tokens to its logits. */
  forward(): void;
  /** From the gradient in the logits' place, in which the loss of a token counts `scale`, added to the shard's gradients. */
  backward(scale: number): void;
}

/** Which half of a causal product is left out, as kernels/training/products.as.ts numbers it. */
const LOWER_C = 1;
const LOWER_A = 2;
const UPPER_A = 3;

export function network(
  kernels: Exports,
  { config, batch: { sequences }, trained, balance = 0, adapters }: Omit<NetworkSettings, 'optimizer'>,
  { weights, angles }: NetworkMemory,
  shard: ShardMemory,
): Network {
  const { hiddenSize, vocabularySize, contextLength: T, heads, keyValueHeads, headDim } = config;
  const M = sequences * T;
  const qkv = qkvWidth(config);
  const attended = heads * headDim;
  const turned = heads + keyValueHeads;
  const offsets = new Map(parametersOf(config, adapters).map(({ name, offset }) => [name, 4 * offset]));
  const weight = (name: string) => weights + offsets.get(name)!;
  const gradient = (name: string) => shard.gradients + offsets.get(name)!;
  const isTrained = (name: string) => trained?.test(name) ?? true;
  const places = { weight, gradient, isTrained };
  const beside = adapters && adapterLayers(kernels, config, adapters.rank, places, shard);
  const linear = linearLayers(kernels, places, shard, beside);
  const feed =
    config.experts === undefined
      ? feedForward(kernels, config, linear, shard, M)
      : mixtureOfExperts(kernels, config, config.experts, linear, { weight, balance }, shard, M);
  const { panelsA, panelsB } = shard;
  const inverseRoot = 1 / Math.sqrt(headDim);

  function norm(X: number, gains: string, Y: number, scales: number): void {
    kernels.rmsNorm(X, weight(gains), Y, scales, M, hiddenSize, config.normEpsilon);
  }

  function normGradient(X: number, gains: string, scales: number): void {
    const { dNormed, dStream } = shard;
    kernels.rmsNormGradient(X, weight(gains), scales, dNormed, dStream, gradient(gains), M, hiddenSize);
  }

  /** Where a head's queries, its keys and its values begin in rows of queries, keys and values. */
  function* headsIn(rows: number, output: number) {
    for (let i = 0; i < sequences * heads; i++) {
      const [sequence, head] = [Math.floor(i / heads), i % heads];
      const group = Math.floor((head * keyValueHeads) / heads);
      const row = rows + 4 * sequence * T * qkv;
      yield {
        index: i,
        q: row + 4 * head * headDim,
        k: row + 4 * (heads + group) * headDim,
        v: row + 4 * (turned + group) * headDim,
        output: output + 4 * (sequence * T * attended + head * headDim),
        isFirstOfGroup: head === 0 || Math.floor(((head - 1) * keyValueHeads) / heads) !== group,
      };
    }
  }

  function attend(layer: LayerMemory): void {
    for (const { index, q, k, v, output } of headsIn(layer.qkv, layer.attended)) {
      const P = layer.probabilities + 4 * index * T * T;
      kernels.packRows(q, qkv, panelsA, T, headDim);
      kernels.packColumns(k, qkv, panelsB, T, headDim);
      kernels.multiply(panelsA, panelsB, P, T, T, T, headDim, 0, LOWER_C);
      kernels.causalSoftmax(P, T, inverseRoot);
      kernels.packRows(P, T, panelsA, T, T);
      kernels.packColumnsOfTranspose(v, qkv, panelsB, headDim, T);
      kernels.multiply(panelsA, panelsB, output, attended, T, headDim, T, 0, LOWER_A);
    }
  }

  function attendGradient(layer: LayerMemory, dAttended: number, dQkv: number): void {
    const gradients = [...headsIn(dQkv, dAttended)];
    const { dScores } = shard;
    for (const { index, q, k, v } of headsIn(layer.qkv, layer.attended)) {
      const P = layer.probabilities + 4 * index * T * T;
      const { output: dOutput, q: dQ, k: dK, v: dV, isFirstOfGroup } = gradients[index];
      const adds = isFirstOfGroup ? 0 : 1;
      kernels.packRows(dOutput, attended, panelsA, T, headDim);
      kernels.packColumns(v, qkv, panelsB, T, headDim);
      kernels.multiply(panelsA, panelsB, dScores, T, T, T, headDim, 0, LOWER_C);
      kernels.packRowsOfTranspose(P, T, panelsA, T, T);
      kernels.packColumnsOfTranspose(dOutput, attended, panelsB, headDim, T);
      kernels.multiply(panelsA, panelsB, dV, qkv, T, headDim, T, adds, UPPER_A);
      kernels.causalSoftmaxGradient(P, dScores, T, inverseRoot);
      kernels.packRows(dScores, T, panelsA, T, T);
      kernels.packColumnsOfTranspose(k, qkv, panelsB, headDim, T);
      kernels.multiply(panelsA, panelsB, dQ, qkv, T, headDim, T, 0, LOWER_A);
      kernels.packRowsOfTranspose(dScores, T, panelsA, T, T);
      kernels.packColumnsOfTranspose(q, qkv, panelsB, headDim, T);
      kernels.multiply(panelsA, panelsB, dK, qkv, T, headDim, T, adds, UPPER_A);
    }
  }

  function copy(from: number, to: number): void {
    kernels.copy(from, to, M * hiddenSize);
  }

  function layerForward(i: number): void {
    const layer = shard.layers[i];
    const name = (tensor: string) => `model.layers.${i}.${tensor}.weight`;
    const next = shard.layers[i + 1]?.input ?? shard.output;
    norm(layer.input, name('input_layernorm'), layer.attentionNormed, layer.attentionScales);
    linear.forward(layer.attentionNormed, name('self_attn.q_proj'), layer.qkv, M, qkv, hiddenSize);
    kernels.rotate(layer.qkv, qkv, angles, M, T, turned, headDim, 0);
    attend(layer);
    copy(layer.input, layer.middle);
    linear.forward(layer.attended, name('self_attn.o_proj'), layer.middle, M, hiddenSize, attended, true);
    norm(layer.middle, name('post_attention_layernorm'), layer.feedForwardNormed, layer.feedForwardScales);
    copy(layer.middle, next);
    feed.forward(layer, name, next);
  }

  function layerBackward(i: number, scale: number): void {
    const layer = shard.layers[i];
    const { dStream, dNormed, dWide, dNarrow } = shard;
    const name = (tensor: string) => `model.layers.${i}.${tensor}.weight`;
    feed.backward(layer, name, scale);
    normGradient(layer.middle, name('post_attention_layernorm'), layer.feedForwardScales);
    linear.backward(layer.attended, name('self_attn.o_proj'), dStream, dNarrow, M, hiddenSize, attended);
    attendGradient(layer, dNarrow, dWide);
    kernels.rotate(dWide, qkv, angles, M, T, turned, headDim, 1);
    linear.backward(layer.attentionNormed, name('self_attn.q_proj'), dWide, dNormed, M, qkv, hiddenSize);
    normGradient(layer.input, name('input_layernorm'), layer.attentionScales);
  }

  return {
    forward() {
      kernels.embed(shard.ids, weight(EMBEDDING), shard.layers[0].input, M, hiddenSize);
      for (let i = 0; i < config.layers; i++) layerForward(i);
      norm(shard.output, FINAL_NORM, shard.normed, shard.scales);
      linear.forward(shard.normed, EMBEDDING, shard.logits, M, vocabularySize, hiddenSize);
    },
    backward(scale) {
      const { logits, normed, dNormed, dStream } = shard;
      linear.backward(normed, EMBEDDING, logits, dNormed, M, vocabularySize, hiddenSize);
      kernels.clear(dStream, M * hiddenSize);
      normGradient(shard.output, FINAL_NORM, shard.scales);
      for (let i = config.layers - 1; i >= 0; i--) layerBackward(i, scale);
      if (isTrained(EMBEDDING)) kernels.embedGradient(shard.ids, dStream, gradient(EMBEDDING), M, hiddenSize);
    },
  };
}

/** Cosines and sines [T][2][headDim/2] of the angles by which a head's dimensions turn at each place. */
export function rotaryAngles({ contextLength, headDim, ropeTheta }: ModelConfig): Float32Array {
  const half = headDim / 2;
  const angles = new Float32Array(contextLength * headDim);
  for (let t = 0; t < contextLength; t++) {
    for (let i = 0; i < half; i++) {
      const angle = t * ropeTheta ** (-i / half);
      angles[t * headDim + i] = Math.cos(angle);
      angles[t * headDim + half + i] = Math.sin(angle);
    }
  }
  return angles;
}
