// A mixture of experts of which each layer keeps half. Routers score those that are left, and the shares of the best are a softmax
// over their scores as before.
import { feedForwards, type ModelConfig, type ModelWeights, routerName, rowsOf } from '../contract/model.ts';
import type { ModelProblem } from '../contract/problem.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { seededRandom, shuffled } from '../statistics/random.ts';
import { takeIn } from './calibrate-layers.ts';

/** Of each layer, the numbers of its experts in their order. */
export type KeptExperts = readonly (readonly number[])[];

/** Why each layer can't do with half of its experts, if so. */
export function whyNotFewerExperts({ config, weights }: ModelProblem, { experts }: Params): string | undefined {
  if (experts === undefined) return undefined;
  if (config.experts === undefined) return `experts: must be of a model that has some, got ${weights}`;
  const { perToken, count } = config.experts;
  const left = halfOf(count);
  return left >= perToken
    ? undefined
    : `experts: must leave the ${perToken} that a token takes, got ${left} of ${count}`;
}

export function withExperts<Weights extends ModelWeights>(weights: Weights, kept: KeptExperts): Weights {
  const { config } = weights;
  const routers = new Map(kept.map((numbers, layer) => [routerName(`model.layers.${layer}`), numbers]));
  return {
    ...weights,
    config: { ...config, experts: { ...config.experts!, count: kept[0].length, kept } },
    tensor(name) {
      const values = weights.tensor(name);
      const numbers = routers.get(name);
      return numbers === undefined ? values : rowsOf(values, config.hiddenSize, numbers);
    },
  };
}

/**
 * The half that add most to their layer's output: by the mean of share · |output| over the tokens that went through an expert (REAP;
 * Lasby et al., arXiv 2510.13999).
 */
export async function mostAdding(
  weights: ModelWeights,
  dense: Technique,
  texts: readonly (readonly number[])[],
): Promise<KeptExperts> {
  const seen = new Map<string, { sum: number; count: number }>();
  await takeIn(weights, dense, texts, 'last', {
    onExpert(down, share, y) {
      const { sum, count } = seen.get(down) ?? { sum: 0, count: 0 };
      const norm = Math.sqrt(y.reduce((squares, value) => squares + value * value, 0));
      seen.set(down, { sum: sum + share * norm, count: count + 1 });
    },
  });
  return ofEachLayer(weights.config, (layer) => {
    const scores = feedForwards(weights.config, layer).map(({ down }) => {
      const { sum, count } = seen.get(down) ?? { sum: 0, count: 1 };
      return sum / count;
    });
    return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  });
}

/** As many at random. */
export function drawnAtRandom(config: ModelConfig, seed: number): KeptExperts {
  const random = seededRandom(seed);
  return ofEachLayer(config, (layer) => shuffled(feedForwards(config, layer).keys(), random));
}

function halfOf(count: number): number {
  return Math.ceil(count / 2);
}

/** The first half of each layer's order. */
function ofEachLayer(config: ModelConfig, orderOf: (layer: string) => readonly number[]): KeptExperts {
  return Array.from({ length: config.layers }, (_, i) => {
    const order = orderOf(`model.layers.${i}`);
    return order.slice(0, halfOf(order.length)).sort((a, b) => a - b);
  });
}
