// The mix of formats that a user's bounds ask for: from the greedy mixes the smallest that keeps the bound on perplexity, or the most
// exact that keeps the one on bytes.
import type { Score } from '../contract/case-result.ts';
import { type LinearLayer, linearLayers, type ModelWeights } from '../contract/model.ts';
import type { Plan } from '../contract/plan.ts';
import type { Technique } from '../contract/technique.ts';
import type { FormatOption } from './layer-options.ts';
import { greedyMixes, lastGood, type Mix } from './mix-layers.ts';
import { type Choice, type PackedModel, packModel } from './packed-model.ts';
import type { LayerChoice } from './sensitivity.ts';

export interface MixBounds {
  readonly maxPplRatio?: number;
  readonly maxBytes?: number;
}

/**
 * Undefined where no mix keeps the bounds. Divergences that were added up say in which order formats are given up, not what the whole
 * comes to: that is scored.
 */
export async function proposeMix(
  layers: readonly (readonly FormatOption[])[],
  bounds: MixBounds,
  scoreOf: (choices: readonly (Choice | undefined)[]) => Promise<Score>,
): Promise<readonly (Choice | undefined)[] | undefined> {
  const mixes = greedyMixes(layers);
  const choicesOf = ({ options }: Mix) => options.map((option, layer) => layers[layer][option].choice);
  const { maxPplRatio, maxBytes = Number.POSITIVE_INFINITY } = bounds;
  const isSmall = ({ bytes }: Mix) => bytes <= maxBytes;
  if (maxPplRatio === undefined) {
    const first = mixes.find(isSmall);
    return first && choicesOf(first);
  }
  const isExact = async (mix: Mix) => {
    const { pplRatio = Number.POSITIVE_INFINITY, pplRatioCi95 } = await scoreOf(choicesOf(mix));
    return (pplRatioCi95?.high ?? pplRatio) <= maxPplRatio;
  };
  const last = await lastGood(mixes, isExact);
  return last !== undefined && isSmall(last) ? choicesOf(last) : undefined;
}

/** A model whose layers are packed as chosen, in the order they are used. */
export function packMix(
  weights: ModelWeights,
  dense: Technique,
  choices: readonly (Choice | undefined)[],
  calibrationOf: LayerChoice['calibrationOf'],
): PackedModel {
  const byName = new Map(linearLayers(weights.config).map(({ name }, i) => [name, choices[i]]));
  return packModel(weights, dense, ({ name }: LinearLayer) => byName.get(name), calibrationOf);
}

export function planOf(
  model: string,
  { config }: ModelWeights,
  choices: readonly (Choice | undefined)[],
  idOf: (technique: Technique) => string,
): Plan {
  const layers = linearLayers(config).flatMap(({ name }, i) => {
    const choice = choices[i];
    return choice === undefined ? [] : [[name, { technique: idOf(choice.technique), params: choice.params }] as const];
  });
  return { model, layers: Object.fromEntries(layers) };
}
