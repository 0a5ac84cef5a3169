// Where a run begins whose weights are another model's: as they are, or as a format leaves them, with two thin factors beside each
// linear layer that learn in their place. Hu et al., LoRA, arXiv 2106.09685; Dettmers et al., QLoRA, arXiv 2305.14314.
import { difference, lowRank } from '../../../kernels/corrections/low-rank.ts';
import { KERNELS_DIR, loadTechniques } from '../../cases/registry.ts';
import { EMBEDDING, type ModelWeights } from '../../contract/model.ts';
import type { Random } from '../../statistics/random.ts';
import { packModel, unpackModel } from '../packed-model.ts';
import { adapterNames, type Parameter, parametersOf } from './parameters.ts';
import type { Format, Recipe } from './recipes.ts';

/** In order of memory; `base` are the weights of the model it starts from. */
export async function startedWeights(recipe: Recipe, base: Float32Array, random: Random): Promise<Float32Array> {
  const { config, adapters, start } = recipe;
  const weights = new Float32Array(parametersOf(config, adapters).reduce((total, { length }) => total + length, 0));
  const rounded = start?.format === undefined ? base : await asFormatLeaves(recipe, start.format, base);
  weights.set(rounded);
  if (adapters !== undefined) startAdapters(recipe, base, weights, random);
  return weights;
}

async function asFormatLeaves({ config }: Recipe, format: Format, base: Float32Array): Promise<Float32Array> {
  const techniques = await loadTechniques([KERNELS_DIR]);
  const parameters = parametersOf(config);
  const named = new Map(parameters.map((parameter) => [parameter.name, valuesOf(base, parameter)]));
  const weights: ModelWeights = { config, tensor: (name) => named.get(name)!.slice() };
  const choice = { technique: techniques.get(format.technique)!, params: format.params };
  const packed = packModel(weights, techniques.get('dense')!, ({ name }) => (name === EMBEDDING ? undefined : choice));
  const unpacked = unpackModel(packed);
  const rounded = new Float32Array(base.length);
  for (const { name, offset } of parameters) rounded.set(unpacked.tensor(name), offset);
  return rounded;
}

/** Beside weights that are in place already: so that nothing changes at first, or of what the format left out. */
function startAdapters({ config, adapters }: Recipe, base: Float32Array, weights: Float32Array, random: Random): void {
  const parameters = new Map(parametersOf(config, adapters).map((parameter) => [parameter.name, parameter]));
  for (const parameter of parametersOf(config)) {
    const { down, up } = adapterNames(parameter.name);
    const [A, B] = [parameters.get(down), parameters.get(up)];
    if (A === undefined || B === undefined) continue;
    const [rank, K] = A.shape;
    if (adapters!.start === 'residual') {
      const residual = difference(valuesOf(base, parameter), valuesOf(weights, parameter));
      const factors = lowRank(residual, { N: B.shape[0], K }, rank);
      weights.set(factors.down, A.offset);
      weights.set(factors.up, B.offset);
    } else {
      // As wide as PEFT's uniform start.
      for (let i = 0; i < A.length; i++) weights[A.offset + i] = random.gaussian() / Math.sqrt(3 * K);
    }
  }
}

function valuesOf(weights: Float32Array, { offset, length }: Parameter): Float32Array {
  return weights.subarray(offset, offset + length);
}
