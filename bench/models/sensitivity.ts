// What each linear layer of a model costs when it alone is compressed.
import type { Calibration } from '../contract/calibration.ts';
import type { Score } from '../contract/case-result.ts';
import type { LinearLayer, ModelWeights } from '../contract/model.ts';
import type { Technique } from '../contract/technique.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { bytesOfLayer, type Choice, type PackedLayer, packModel } from './packed-model.ts';
import type { Scorer } from './score-many.ts';

export interface LayerSensitivity {
  readonly layer: LinearLayer;
  readonly savedBytes: number;
  /** Of the whole model with this one layer compressed. */
  readonly score?: Score;
  /** Why the technique can't take the layer, if so: nothing is saved then. */
  readonly reason?: string;
}

/** What takes layers: a technique of matmul, and for methods that look at activations those of each layer. */
export interface LayerChoice extends Choice {
  readonly calibrationOf?: (layer: LinearLayer) => Calibration | undefined;
}

/** One layer after another. */
export async function* scoreLayersAlone(
  layers: readonly LinearLayer[],
  weights: ModelWeights,
  dense: Technique,
  choice: LayerChoice,
  scorer: Scorer,
): AsyncGenerator<LayerSensitivity> {
  const exchange = await scorer.openExchange();
  try {
    for (const layer of layers) {
      const packed = packAlone(layer, weights, dense, choice);
      if (typeof packed === 'string') yield { layer, savedBytes: 0, reason: packed };
      else {
        const score = await exchange.score(new Map([[layer.name, packed]]));
        yield { layer, savedBytes: 4 * layer.N * layer.K - bytesOfLayer(packed), score };
      }
    }
  } finally {
    exchange.dispose();
  }
}

/** The reason where the technique can't take the layer. */
export function packAlone(
  layer: LinearLayer,
  weights: ModelWeights,
  dense: Technique,
  { calibrationOf, ...choice }: LayerChoice,
): PackedLayer | string {
  try {
    return packModel(weights, dense, () => choice, calibrationOf).pack(layer);
  } catch (error) {
    if (error instanceof UnsupportedError) return error.message;
    throw error;
  }
}
