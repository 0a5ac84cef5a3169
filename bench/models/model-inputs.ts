// What a case of a whole model runs on: the model from its files, the beginning of its text, and what methods are shown of it.
import { InputError } from '../contract/input-error.ts';
import { type LinearLayer, linearLayers, type Model, type ModelWeights, otherTensors } from '../contract/model.ts';
import type { Inputs } from '../contract/operation.ts';
import { operationOf } from '../contract/operations.ts';
import type { ModelFiles, ModelProblem } from '../contract/problem.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { openAdapters } from '../inputs/model-files/adapters.ts';
import { openModel } from '../inputs/model-files/open-model.ts';
import { readText } from '../inputs/model-text.ts';
import { windowTokens } from '../inputs/text-windows.ts';
import { calibrateLayers, calibrationTexts, type LayerCalibration } from './calibrate-layers.ts';
import { drawnAtRandom, mostAdding, withExperts } from './fewer-experts.ts';
import { withPlantedOutliers } from './planted-outliers.ts';

/** Of `moby-outliers`: so few channels, so much larger than the rest, break naive int8 activations in models of billions of weights. */
const OUTLIERS = { channels: 4, factor: 64 };

export function loadModel({ path, adapters, hasPlantedOutliers }: Omit<ModelFiles, 'text' | 'calibration'>): Model {
  const model = openModel(path);
  if (adapters !== undefined) return { ...model, factors: openAdapters(adapters.path, model.config) };
  return hasPlantedOutliers ? { ...model, ...withPlantedOutliers(model, OUTLIERS) } : model;
}

/** Multiply-adds that float64 gets through in half a second. */
const CHECKED_PRODUCTS = 5e8;
const [LEAST_CHECKED, MOST_CHECKED] = [4, 64];

/** A text's first tokens: as many as the call takes in, and fewer where all of them are checked in float64. */
export function modelInputs(problem: ModelProblem, model: Model): Inputs<'model'> {
  const { phase, M, context, file } = problem;
  const tokensOf = (count: number) => firstTokens(readText(file.text, '--text'), model, count);
  const perToken = operationOf('model').denseFlops({ ...problem, M: 1, context: 0 }) / 2;
  const affordable = Math.min(MOST_CHECKED, Math.max(LEAST_CHECKED, Math.floor(CHECKED_PRODUCTS / perToken)));
  const checked = tokensOf(Math.min(affordable, context + M));
  const activations = {
    decode: { tokens: checked, context },
    prefill: { tokens: tokensOf(M) },
    generate: { tokens: tokensOf(context), count: M },
  }[phase];
  return { weights: model, activations, checked: { tokens: checked } };
}

/** Letters that tokens are no longer than on average, wherever a text begins. */
const MOST_LETTERS = 16;

export function firstTokens(text: string, { tokenizer }: Model, count: number): number[] {
  const tokens = tokenizer.encode(text.slice(0, MOST_LETTERS * count));
  return (tokens.length < count ? tokenizer.encode(text) : tokens).slice(0, count);
}

/** Of the layers that are wanted, on the model's calibration text. */
export async function modelCalibration(
  model: Model,
  dense: Technique,
  file: Pick<ModelFiles, 'calibration'>,
  isWanted: (layer: LinearLayer) => boolean,
): Promise<LayerCalibration> {
  return calibrateLayers(model, dense, textsOf(model, file), isWanted);
}

/** The model with as many of its experts as a case asks for. */
export async function withChosenExperts(
  model: Model,
  dense: Technique,
  { file, seed }: Pick<ModelProblem, 'file' | 'seed'>,
  { experts }: Params,
): Promise<Model> {
  if (experts === undefined) return model;
  const kept =
    experts === 'half' ? await mostAdding(model, dense, textsOf(model, file)) : drawnAtRandom(model.config, seed);
  return withExperts(model, kept);
}

function textsOf(model: Model, file: Pick<ModelFiles, 'calibration'>): number[][] {
  const text = readText(file.calibration, '--calibration');
  if (text.trim() === '')
    throw new InputError(`--calibration: must have tokens, got an empty text in ${file.calibration}`);
  return calibrationTexts(text, model, windowTokens(model.config));
}

/** Every tensor of a model once, in an order of its own, with what was learned beside it. */
export function* tensorsOf(model: ModelWeights): Generator<readonly [name: string, values: Float32Array]> {
  const { config, tensor, factors } = model;
  for (const { name } of [...linearLayers(config), ...otherTensors(config)]) {
    yield [name, tensor(name)];
    for (const [factor, values] of Object.entries(factors?.(name) ?? {})) yield [`${name}, ${factor}`, values];
  }
}
