// What each layer would cost in each of several formats, from what it costs in one: for small errors the divergence of predictions
// grows with the energy of the errors of weights, so a layer is scored once and its formats are told apart by their errors.
import {
  blockOf,
  type LinearLayer,
  linearLayers,
  type ModelConfig,
  type ModelWeights,
  roleOf,
} from '../contract/model.ts';
import type { Technique } from '../contract/technique.ts';
import type { LayerOption } from './mix-layers.ts';
import { bytesOfLayer, type Choice, type PackedLayer, restoreLayer } from './packed-model.ts';
import { type LayerChoice, packAlone } from './sensitivity.ts';

export interface FormatOption extends LayerOption {
  /** Undefined where the layer stays f32. */
  readonly choice: Choice | undefined;
}

/** Of deep networks so many blocks are scored at most, evenly spread. */
const MOST_BLOCKS_SCORED = 10;

/** Layers of a network's blocks in between cost about what those in the same place of the nearest block cost. */
export function layersToScore(config: ModelConfig): LinearLayer[] {
  const step = Math.ceil(config.layers / MOST_BLOCKS_SCORED);
  const isScored = (block: number | undefined) => block === undefined || block % step === Math.floor(step / 2);
  return linearLayers(config).filter(({ name }) => isScored(blockOf(name)));
}

/**
 * Of each layer in the order they are used; one that no format can hold stays f32. `kldOf` is what `scored` costs a layer; one for which
 * it says nothing costs by its errors what the nearest one in the same place does.
 */
export function layerOptions(
  weights: ModelWeights,
  dense: Technique,
  formats: readonly LayerChoice[],
  scored: LayerChoice,
  kldOf: (layer: LinearLayer) => number | undefined,
): FormatOption[][] {
  const layers = linearLayers(weights.config);
  const known = layers.flatMap((layer) => {
    const kld = kldOf(layer);
    const packed = kld === undefined ? 'not scored' : packAlone(layer, weights, dense, scored);
    if (kld === undefined || typeof packed === 'string') return [];
    return [{ layer, perEnergy: kld / errorOf(layer, weights.tensor(layer.name), packed) }];
  });
  return layers.map((layer) => {
    const W = weights.tensor(layer.name);
    const perEnergy = nearest(layer, known)?.perEnergy;
    const options = formats.flatMap((choice): FormatOption[] => {
      const packed = packAlone(layer, weights, dense, choice);
      if (typeof packed === 'string' || perEnergy === undefined) return [];
      return [{ choice, bytes: bytesOfLayer(packed), kld: perEnergy * errorOf(layer, W, packed) }];
    });
    return options.length > 0 ? options : [{ choice: undefined, bytes: 4 * layer.N * layer.K, kld: 0 }];
  });
}

/** Of those in the same place of their block. */
function nearest<T extends { readonly layer: LinearLayer }>({ name }: LinearLayer, known: readonly T[]): T | undefined {
  const distance = ({ layer }: T) => Math.abs((blockOf(layer.name) ?? 0) - (blockOf(name) ?? 0));
  const alike = known.filter(({ layer }) => roleOf(layer.name) === roleOf(name));
  return alike.toSorted((a, b) => distance(a) - distance(b)).at(0);
}

function errorOf(layer: LinearLayer, W: Float32Array, packed: PackedLayer): number {
  return energyOfDifference(W, restoreLayer(layer, packed));
}

function energyOfDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}
