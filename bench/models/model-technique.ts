// A technique of single layers made one of whole models, as the harness weighs them.
import { counted } from '../contract/counted.ts';
import { F32_CACHE, leastSqnrDb } from '../contract/kv-cache.ts';
import { linearLayers, type ModelWeights } from '../contract/model.ts';
import { flopsOf } from '../contract/operations/model.ts';
import type { ModelProblem, PackedModelWeights, Problem } from '../contract/problem.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import type { Technique } from '../contract/technique.ts';
import { mixInFloat64 } from './datastore/mix-in-float64.ts';
import { networkTechnique } from './network-technique.ts';
import { bytesOf, type SizedModel, whatStayed } from './packed-case.ts';
import { type Choice, problemOf, roundingOf, roundingOfCache, unpackModel } from './packed-model.ts';
import { prepareGeneration } from './prepare-generation.ts';
import { prepareModel } from './prepare-model.ts';

/** The case's model with its layers packed by the technique. */
export function modelTechnique(choice: Choice, model: SizedModel): Technique {
  // The case's may have experts that the packed one does without.
  const packedProblem = (problem: ModelProblem): ModelProblem => {
    return { ...problem, config: { ...model.config, layers: problem.config.layers } };
  };
  return networkTechnique(choice, model, place, {
    unpack: (packed): PackedModelWeights => ({
      ...unpackModel(packed),
      present: roundingOf(packed),
      roundCache: roundingOfCache(packed),
      mixIn: packed.datastore && mixInFloat64(packed.datastore),
      isRounded: isRounded(packed),
    }),
    caveat(weights: ModelWeights, packed, problem: ModelProblem) {
      const own = packedProblem(problem);
      const said = [whatStayed(choice, own), whatWasLost(choice, { ...weights, config: own.config }, packed)];
      return said.filter(Boolean).join('; ') || undefined;
    },
    bytes: bytesOf,
    minSqnrDb: (params) => Math.min(choice.technique.minSqnrDb(params), leastSqnrDb(model.cache ?? F32_CACHE)),
    flops: (packed, problem: ModelProblem) => flopsOf(packedProblem(problem), (layer) => packed.sizeOf(layer).flops),
  });
}

/** Whether activations, keys or values are. */
export function isRounded(model: SizedModel): boolean {
  if (model.cache !== undefined) return true;
  return linearLayers(model.config).some((layer) => {
    const { technique, params } = model.choiceOf(layer);
    return technique.arithmetic?.(params, problemOf(layer, 1)) === 'int8';
  });
}

async function place(packed: SizedModel, problem: Problem, kind: KernelKind, runtime: Runtimes[KernelKind]) {
  if (problem.op !== 'model') throw new Error(`problem: must be of a model, got ${problem.op}`);
  return (problem.phase === 'generate' ? prepareGeneration : prepareModel)(packed, problem, kind, runtime);
}

/** What the technique says of the layers that it packed. */
function whatWasLost({ technique, params }: Choice, weights: ModelWeights, model: SizedModel): string | undefined {
  const { caveat } = technique;
  if (caveat === undefined) return undefined;
  const said = linearLayers(weights.config).flatMap((layer) => {
    if (model.choiceOf(layer).technique !== technique) return [];
    const packed = model.pack(layer);
    return caveat({ W: weights.tensor(layer.name) }, packed.packed, problemOf(layer, 1), params) ?? [];
  });
  return said.length === 0 ? undefined : `in ${counted(said.length, 'layer')}, as in the first: ${said[0]}`;
}
