// A case's model and the uncompressed one, made ready to be weighed: the same in this process and in a page.
import type { Weighed } from '../contract/case-result.ts';
import { kvCaches } from '../contract/kv-cache.ts';
import type { ModelWeights } from '../contract/model.ts';
import type { Plan } from '../contract/plan.ts';
import type { ModelProblem } from '../contract/problem.ts';
import type { Technique } from '../contract/technique.ts';
import type { Window } from '../inputs/text-windows.ts';
import type { Datastore } from './datastore/datastore.ts';
import { isRounded, modelTechnique } from './model-technique.ts';
import { type CalibrationOf, type LayerTechnique, packCase, type SizedModel } from './packed-case.ts';
import type { Choice } from './packed-model.ts';
import type { Placement } from './running-model.ts';
import { scoreModels } from './score-models.ts';

export interface WeighedModel {
  readonly technique: Technique;
  readonly dense: Technique;
  /** Missing where nothing is scored. */
  readonly score?: (
    place: Pick<Placement, 'kind' | 'runtime'>,
  ) => Promise<Partial<Pick<Weighed, 'score' | 'drafts' | 'status' | 'reason' | 'caveat'>>>;
}

/** A model that drafts, packed as the one is that it drafts for. */
export interface Drafter {
  readonly weights: ModelWeights;
  readonly calibrationOf?: CalibrationOf;
  /** Texts that are written on; the first is the one that is timed. */
  readonly prompts: readonly (readonly number[])[];
}

interface Beside {
  readonly drafter?: Drafter;
  readonly datastore?: Datastore;
  /** The model with fewer experts, which is what is packed. */
  readonly fewer?: ModelWeights;
}

/** The uncompressed model beside itself is one model, so that it is held once. */
export function weighedModel(
  weights: ModelWeights,
  problem: ModelProblem,
  choice: LayerTechnique,
  dense: Technique,
  windows: readonly Window[] | undefined,
  { drafter, datastore, fewer = weights }: Beside = {},
): WeighedModel {
  const uncompressed = { technique: dense, params: {} };
  const baseline = packCase(weights, problem, uncompressed, dense);
  const denseModel = modelTechnique(uncompressed, baseline);
  const { kv, drafted, datastore: keys, experts, ...params } = choice.params;
  const isBaseline =
    choice.technique.kernels === dense.kernels &&
    choice.byLayer === undefined &&
    (kv ?? drafted ?? keys ?? experts) === undefined;
  const ofLayers = { ...choice, params };
  const cache = kv === undefined ? undefined : kvCaches[kv];
  const pack = (scale: number): SizedModel => ({
    ...packCase(fewer, { ...problem, scale }, ofLayers, dense),
    cache,
    datastore,
  });
  const ofDrafter = { ...ofLayers, calibrationOf: drafter?.calibrationOf, byLayer: undefined };
  const by = drafter && packCase(drafter.weights, { ...problem, scale: 1 }, ofDrafter, dense);
  const drafting = by && { by, most: Number(drafted), judge: problem.scale > 1 ? pack(1) : undefined };
  const candidate = isBaseline ? baseline : { ...pack(problem.scale), drafting };
  return {
    technique: isBaseline ? denseModel : modelTechnique(ofLayers, candidate),
    dense: denseModel,
    async score(place) {
      const score = windows && (await scoreModels(baseline, candidate, windows, place, problem.seed));
      if (drafter === undefined || drafting === undefined) return { score };
      // Pages draft nothing.
      const { weighDrafts } = await import('./weigh-drafts.ts');
      const texts = { prompts: drafter.prompts, isRounded: isRounded(candidate) };
      return { score, ...(await weighDrafts(candidate, drafting, problem, texts, place)) };
    },
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
