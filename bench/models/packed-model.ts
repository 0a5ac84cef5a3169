// A model whose linear layers are packed, each by a technique of its own.
import { roundRow } from '../../kernels/kv-cache/formats.ts';
import { hadamardBlock, hadamardRows } from '../../kernels/transforms/hadamard.ts';
import type { Calibration } from '../contract/calibration.ts';
import type { KvCache } from '../contract/kv-cache.ts';
import {
  EMBEDDING,
  type LinearLayer,
  linearLayers,
  type ModelConfig,
  type ModelWeights,
  rowsOf,
} from '../contract/model.ts';
import type { RoundActivations, RoundCache } from '../contract/operations/model-float64.ts';
import type { MatmulProblem } from '../contract/problem.ts';
import type { Params, StoredBytes, Technique } from '../contract/technique.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { willLeave } from '../inputs/garbage.ts';
import type { Datastore } from './datastore/datastore.ts';

export interface Choice {
  readonly technique: Technique;
  readonly params: Params;
}

export interface PackedLayer extends Choice {
  readonly packed: unknown;
}

export interface PackedModel {
  readonly config: ModelConfig;
  /** How keys and values are kept: as f32 where not said. */
  readonly cache?: KvCache;
  /** The embedding, norms and biases, each read anew at each call. */
  tensor(name: string): Float32Array;
  /** What is looked up beside it at each token. */
  readonly datastore?: Datastore;
  /** What drafts the texts that it generates. */
  readonly drafting?: Drafting;
  /** As that of its weights: of an embedding that no layer packs. */
  readonly lookUp?: ModelWeights['lookUp'];
  /** Anew at each call, so that no more is held than is used. */
  pack(layer: LinearLayer): PackedLayer;
  /** What packs it, without packing it. */
  choiceOf(layer: LinearLayer): Choice;
}

/** A model with the same tokens drafts so many at a time; what of them is kept `judge` says, where that is not the model itself. */
export interface Drafting {
  readonly by: PackedModel;
  readonly most: number;
  readonly judge?: PackedModel;
}

export function bytesOfLayer({ technique, packed }: PackedLayer): number {
  const { values, indices, scales, corrections = 0 }: StoredBytes = technique.bytes(packed);
  return values + indices + scales + corrections;
}

/** The product of a layer with M rows. */
export function problemOf({ name, N, K }: LinearLayer, M: number): MatmulProblem {
  return { op: 'matmul', M, N, K, weights: name, seed: 0 };
}

/** Layers for which nothing is chosen stay dense. Packing throws UnsupportedError where a technique can't take a layer. */
export function packModel(
  weights: ModelWeights,
  dense: Technique,
  chosen: (layer: LinearLayer) => Choice | undefined,
  calibration: (layer: LinearLayer) => Calibration | undefined = () => undefined,
): PackedModel {
  const choiceOf = (layer: LinearLayer) => chosen(layer) ?? { technique: dense, params: {} };
  return {
    config: weights.config,
    tensor: (name) => weights.tensor(name),
    lookUp: weights.lookUp,
    choiceOf,
    pack(layer) {
      const { technique, params } = choiceOf(layer);
      const reason = technique.skip?.(problemOf(layer, 1), params);
      if (reason !== undefined) throw new UnsupportedError(`${layer.name}: ${reason}`);
      const examples = technique.needsCalibration?.(params) ? calibration(layer) : undefined;
      const W = weights.tensor(layer.name);
      const packed = technique.pack({ W, ...weights.factors?.(layer.name) }, problemOf(layer, 1), params, examples);
      return { technique, params, packed };
    },
  };
}

/** The same with each layer packed once and held. */
export function keepPacked(model: PackedModel): PackedModel {
  const kept = new Map<string, PackedLayer>();
  return {
    ...model,
    pack(layer) {
      const packed = kept.get(layer.name) ?? model.pack(layer);
      kept.set(layer.name, packed);
      return packed;
    },
  };
}

/** The stack of layers so many times over, as another model has them: for its speed and bytes, its logits mean nothing. */
export function repeatLayers(model: PackedModel, times: number): PackedModel {
  const { layers } = model.config;
  const original = (name: string) =>
    name.replace(/^model\.layers\.(\d+)/, (_, layer) => `model.layers.${Number(layer) % layers}`);
  const originalLayer = (layer: LinearLayer) => ({ ...layer, name: original(layer.name) });
  return {
    ...model,
    config: { ...model.config, layers: times * layers },
    tensor: (name) => model.tensor(original(name)),
    lookUp: model.lookUp,
    choiceOf: (layer) => model.choiceOf(originalLayer(layer)),
    pack: (layer) => model.pack(originalLayer(layer)),
  };
}

/** What the packed layers stand for, with the tensors that nothing packs as they are. */
export function unpackModel(model: PackedModel): ModelWeights {
  const layers = new Map(linearLayers(model.config).map((layer) => [layer.name, layer]));
  const compressed = (name: string) => {
    const layer = layers.get(name);
    return layer === undefined || isUncompressed(model.choiceOf(layer)) ? undefined : layer;
  };
  const head = compressed(EMBEDDING);
  const { hiddenSize } = model.config;
  return {
    config: model.config,
    tensor(name) {
      const layer = compressed(name);
      return layer === undefined ? model.tensor(name) : unpackLayer(layer, model.pack(layer));
    },
    lookUp:
      head === undefined ? model.lookUp : (tokens) => rowsOf(restoreLayer(head, model.pack(head)), hiddenSize, tokens),
  };
}

/** Whether the weights are as they were read. */
export function isUncompressed({ technique }: Choice): boolean {
  return technique.family === 'dense';
}

export function unpackLayer(layer: LinearLayer, { technique, params, packed }: PackedLayer): Float32Array {
  const weights = technique.unpack(packed, problemOf(layer, 1), params);
  if (!('W' in weights)) throw new Error(`${layer.name}: must be packed by a technique of matmul`);
  // Formats hold their codes one by one for a while.
  willLeave(weights.W.byteLength + weights.W.length);
  return weights.W;
}

/** As it stands beside activations that nothing transforms. */
export function restoreLayer(layer: LinearLayer, { technique, params, packed }: PackedLayer): Float32Array {
  const restored = technique.restore?.(packed, problemOf(layer, 1), params);
  return restored !== undefined && 'W' in restored ? restored.W : unpackLayer(layer, { technique, params, packed });
}

/** What kernels make of the activations that come to them. */
export function roundingOf(model: PackedModel): RoundActivations {
  return (layer, X, M) => {
    const { technique, params } = model.choiceOf(layer);
    if (technique.quantizeActivations === undefined) return X;
    const { packed } = model.pack(layer);
    const rounded = technique.quantizeActivations({ X }, problemOf(layer, M), params, packed)?.activations;
    return rounded !== undefined && 'X' in rounded ? rounded.X : X;
  };
}

/** What the cache leaves of keys and values; undefined where that is all of them. */
export function roundingOfCache({ cache, config: { headDim } }: PackedModel): RoundCache | undefined {
  if (cache === undefined) return undefined;
  const { keys, values, isTurned } = cache;
  const block = isTurned ? hadamardBlock(headDim) : undefined;
  const rounded = (rows: Float64Array, format: KvCache['keys']) => {
    const into = new Float64Array(rows.length);
    for (let at = 0; at < rows.length; at += headDim)
      into.set(roundRow(Float32Array.from(rows.subarray(at, at + headDim)), format), at);
    return into;
  };
  return {
    keys(rows) {
      if (block === undefined) return rounded(rows, keys);
      const turned = rows.slice();
      hadamardRows(turned, headDim, block);
      const kept = rounded(turned, keys);
      // Queries are turned too, which is as if keys were turned back.
      hadamardRows(kept, headDim, block);
      return kept;
    },
    values: (rows) => rounded(rows, values),
  };
}
