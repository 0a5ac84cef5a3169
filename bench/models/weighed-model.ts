// A case's model and the uncompressed one, made ready to be weighed: the same in this process and in a page.
import type { Score } from '../contract/case-result.ts';
import { kvCaches } from '../contract/kv-cache.ts';
import type { ModelWeights } from '../contract/model.ts';
import type { Plan } from '../contract/plan.ts';
import type { ModelProblem } from '../contract/problem.ts';
import type { Technique } from '../contract/technique.ts';
import type { Window } from '../inputs/text-windows.ts';
import { modelTechnique } from './model-technique.ts';
import { type LayerTechnique, packCase } from './packed-case.ts';
import type { Choice } from './packed-model.ts';
import type { Placement } from './running-model.ts';
import { scoreModels } from './score-models.ts';

export interface WeighedModel {
  readonly technique: Technique;
  readonly dense: Technique;
  /** Missing where nothing is scored. */
  readonly score?: (place: Pick<Placement, 'kind' | 'runtime'>) => Promise<{ readonly score: Score }>;
}

/** The uncompressed model beside itself is one model, so that it is held once. */
export function weighedModel(
  weights: ModelWeights,
  problem: ModelProblem,
  choice: LayerTechnique,
  dense: Technique,
  windows: readonly Window[] | undefined,
): WeighedModel {
  const uncompressed = { technique: dense, params: {} };
  const baseline = packCase(weights, problem, uncompressed, dense);
  const denseModel = modelTechnique(uncompressed, baseline);
  const { kv, ...params } = choice.params;
  const isBaseline = choice.technique.kernels === dense.kernels && choice.byLayer === undefined && kv === undefined;
  const ofLayers = { ...choice, params };
  const cache = kv === undefined ? undefined : kvCaches[kv];
  const candidate = isBaseline ? baseline : { ...packCase(weights, problem, ofLayers, dense), cache };
  return {
    technique: isBaseline ? denseModel : modelTechnique(ofLayers, candidate),
    dense: denseModel,
    score:
      windows && (async (place) => ({ score: await scoreModels(baseline, candidate, windows, place, problem.seed) })),
  };
}

/** Of each layer that a plan names. */
export function choicesOf({ layers }: Plan, techniques: ReadonlyMap<string, Technique>): ReadonlyMap<string, Choice> {
  const choices = Object.entries(layers).map(([name, { technique: id, params }]) => {
    const technique = techniques.get(id);
    if (technique === undefined) throw new Error(`${id}: must be a technique, as the plan says of ${name}`);
    return [name, { technique, params }] as const;
  });
  return new Map(choices);
}
