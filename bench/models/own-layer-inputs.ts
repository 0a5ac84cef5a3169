// A layer of the user's model on what really comes to it.
import { InputError } from '../contract/input-error.ts';
import { type LinearLayer, linearLayers } from '../contract/model.ts';
import type { Inputs } from '../contract/operation.ts';
import type { MatmulProblem } from '../contract/problem.ts';
import type { Technique } from '../contract/technique.ts';
import { readText } from '../inputs/model-text.ts';
import { calibrateLayers } from './calibrate-layers.ts';
import { firstTokens, loadModel, modelCalibration } from './model-inputs.ts';

/** The first token of a text comes to layers as no other does: what is measured comes after so many at least. */
const TOKENS_BEFORE = 64;

/** Activations are those of M tokens in a row of the model's text, by the uncompressed model. */
export async function ownLayerInputs(
  { M, K }: MatmulProblem,
  { file, layer: name }: NonNullable<MatmulProblem['model']>,
  dense: Technique,
  wantsCalibration: boolean,
): Promise<Inputs<'matmul'>> {
  const model = loadModel(file);
  const layer = linearLayers(model.config).find((one) => one.name === name);
  if (layer === undefined) throw new Error(`layer: must be one of the model's, got ${name}`);
  const isIt = (other: LinearLayer) => other.name === name;
  const tokens = firstTokens(
    readText(file.text, '--text'),
    model,
    Math.min(M + TOKENS_BEFORE, model.config.contextLength),
  );
  if (tokens.length < M) throw new InputError(`--text: must have at least ${M} tokens, got ${tokens.length}`);
  const { X } = (await calibrateLayers(model, dense, [tokens], isIt)).of(layer);
  const calibration = wantsCalibration ? (await modelCalibration(model, dense, file, isIt)).of(layer) : undefined;
  return { weights: { W: model.tensor(name) }, activations: { X: X.slice(-M * K) }, calibration };
}
