// What each layer would cost in each of several formats, from what it costs in one: for small errors the divergence of predictions
// grows with the energy of the errors of weights, so a layer is scored once and its formats are told apart by their errors.
import { type LinearLayer, linearLayers, type ModelWeights } from '../contract/model.ts';
import type { Technique } from '../contract/technique.ts';
import type { LayerOption } from './mix-layers.ts';
import { type Choice, type PackedLayer, restoreLayer } from './packed-model.ts';
import { bytesOfLayer, type LayerChoice, packAlone } from './sensitivity.ts';

export interface FormatOption extends LayerOption {
  /** Undefined where the layer stays f32. */
  readonly choice: Choice | undefined;
}

/** Of each layer in the order they are used; one that no format can hold stays f32. `kldOf` is what `scored` costs it. */
export function layerOptions(
  weights: ModelWeights,
  dense: Technique,
  formats: readonly LayerChoice[],
  scored: LayerChoice,
  kldOf: (layer: LinearLayer) => number | undefined,
): FormatOption[][] {
  return linearLayers(weights.config).map((layer) => {
    const W = weights.tensor(layer.name);
    const errorOf = (packed: PackedLayer) => energyOfDifference(W, restoreLayer(layer, packed));
    const reference = packAlone(layer, weights, dense, scored);
    const kld = kldOf(layer);
    const perEnergy = typeof reference === 'string' || kld === undefined ? undefined : kld / errorOf(reference);
    const options = formats.flatMap((choice): FormatOption[] => {
      const packed = packAlone(layer, weights, dense, choice);
      if (typeof packed === 'string' || perEnergy === undefined) return [];
      return [{ choice, bytes: bytesOfLayer(packed), kld: perEnergy * errorOf(packed) }];
    });
    return options.length > 0 ? options : [{ choice: undefined, bytes: 4 * layer.N * layer.K, kld: 0 }];
  });
}

function energyOfDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}
