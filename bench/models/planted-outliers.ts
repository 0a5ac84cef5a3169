// A model that computes the same while a few channels of its activations are far larger than the rest, as in large language
// models (Dettmers et al. 2022, https://arxiv.org/abs/2208.07339): what formats of activations are put to.
import type { ModelWeights } from '../contract/model.ts';
import { seededRandom, shuffled } from '../statistics/random.ts';

export interface PlantedOutliers {
  /** How many of the hidden channels, the same in each layer. */
  readonly channels: number;
  /** By which the channels grow; with a power of two, the outputs keep every bit. */
  readonly factor: number;
}

const SEED = 42;
const GAINS = /\.(input|post_attention)_layernorm\.weight$/;
/** What multiplies with the output of such a norm. */
const READERS = /\.(q|k|v|gate|up)_proj\.weight$/;

/** Gains of norms before attention and feed-forward times the factor, the columns that read them divided by it. */
export function withPlantedOutliers(weights: ModelWeights, { channels, factor }: PlantedOutliers): ModelWeights {
  const { hiddenSize } = weights.config;
  const all = Array.from({ length: hiddenSize }, (_, channel) => channel);
  const chosen = shuffled(all, seededRandom(SEED)).slice(0, channels);
  return {
    config: weights.config,
    lookUp: weights.lookUp,
    tensor(name) {
      const values = weights.tensor(name);
      const scale = GAINS.test(name) ? factor : READERS.test(name) ? 1 / factor : 1;
      if (scale === 1) return values;
      for (let row = 0; row < values.length; row += hiddenSize) {
        for (const channel of chosen) values[row + channel] *= scale;
      }
      return values;
    },
  };
}
