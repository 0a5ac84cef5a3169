// A trained model as a Hugging Face folder, with the texts it is scored and calibrated on.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../contract/input-error.ts';
import type { ModelConfig } from '../../contract/model.ts';
import { openModel } from '../../inputs/model-files/open-model.ts';
import { writeF16Safetensors } from '../../inputs/safetensors-write.ts';
import { byteLetters, byteLevelTokenizer, END_OF_TEXT } from '../byte-level-tokenizer.ts';
import { huggingFaceConfig } from '../hugging-face-config.ts';
import { type Merges, tokenBytes } from './byte-pair-encoding.ts';
import { textOf } from './corpus.ts';
import { curveSvg } from './curve-svg.ts';
import { modelCard } from './model-card.ts';
import { type Parameter, parameterCount, parametersOf } from './parameters.ts';
import { type Recipe, recipes, textsBeside } from './recipes.ts';
import { readRuns } from './runs.ts';
import type { TrainingText } from './text.ts';
import { type LogEntry, readLog } from './training-run.ts';

export interface TrainedModel {
  readonly recipe: Recipe;
  /** In order of memory, as `parametersOf` has them. */
  readonly weights: Float32Array;
  readonly text: TrainingText;
  readonly log: readonly LogEntry[];
}

export function writeTrainedModel(folder: string, model: TrainedModel): void {
  const { recipe, weights, text, log } = model;
  const { config, passages } = recipe;
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: string) => writeFileSync(join(folder, file), content);
  const writeJson = (file: string, content: object) => write(file, `${JSON.stringify(content, null, 2)}\n`);
  writeJson('tokenizer.json', tokenizerOf(text.merges));
  writeJson('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    add_bos_token: false,
    clean_up_tokenization_spaces: false,
    model_max_length: config.contextLength,
  });
  if (recipe.adapters === undefined) {
    writeJson('config.json', huggingFaceConfig(config, config.vocabularySize - 1));
    writeF16Safetensors(join(folder, 'model.safetensors'), tensorsOf(parametersOf(config), weights));
  } else {
    writeJson('adapter_config.json', adapterConfig(recipe));
    writeF16Safetensors(join(folder, 'adapter_model.safetensors'), adapterTensors(recipe, weights));
  }
  if (textsBeside(recipe) === recipe.name) {
    write('held-out.txt', textOf(text.corpus.heldOut, passages));
    write('calibration.txt', textOf(text.corpus.calibration, passages));
  }
  write('log.jsonl', log.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  write('curve.svg', curveSvg(log));
  copyFileSync(text.corpus.dictionaryLicense, join(folder, 'LICENSE-WordNet'));
}

/** Of all models in a folder whose weights are there, anew: a card tells of the runs that its model is held against. */
export function writeCards(models: string): void {
  const runs = readRuns(models);
  for (const recipe of recipes.values()) {
    const folder = join(models, recipe.name);
    if (!runs.some(({ model, seed }) => model === recipe.name && seed === recipe.seed) || !existsSync(folder)) continue;
    writeFileSync(join(folder, 'README.md'), modelCard(recipe, runs, readLog(folder)));
  }
}

function tensorsOf(parameters: readonly Parameter[], weights: Float32Array) {
  const tensors = parameters.map(({ name, shape, offset, length }) => {
    return [name, { shape, values: weights.subarray(offset, offset + length) }] as const;
  });
  return Object.fromEntries(tensors);
}

/** As PEFT reads it; factors are multiplied by lora_alpha / r, which is 1. */
function adapterConfig({ adapters, start }: Recipe): object {
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: start?.from,
    r: adapters?.rank,
    lora_alpha: adapters?.rank,
    lora_dropout: 0,
    bias: 'none',
    target_modules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    // Of the weights that adapters were trained beside.
    base_format: start?.format,
  };
}

function adapterTensors({ config, adapters }: Recipe, weights: Float32Array) {
  const own = parametersOf(config, adapters).filter(({ name }) => name.includes('.lora_'));
  return tensorsOf(
    own.map((parameter) => ({ ...parameter, name: `base_model.model.${parameter.name}` })),
    weights,
  );
}

function tokenizerOf(merges: Merges): object {
  const letters = byteLetters();
  const tokens = tokenBytes(merges).map((bytes) => bytes.map((byte) => letters[byte]).join(''));
  const pairs = merges.map(([left, right]) => [tokens[left], tokens[right]] as const);
  return byteLevelTokenizer([...tokens, END_OF_TEXT], pairs);
}

/** In order of memory. Throws InputError where the folder's model is of another shape. */
export function readTrainedWeights(folder: string, config: ModelConfig): Float32Array {
  const model = openModel(folder);
  for (const [key, expected] of Object.entries(config)) {
    const found = model.config[key as keyof ModelConfig];
    if (!isDeepStrictEqual(found, expected))
      throw new InputError(`${folder}: ${key} must be ${expected} to train on, got ${found}`);
  }
  const weights = new Float32Array(parameterCount(config));
  for (const { name, offset } of parametersOf(config)) weights.set(model.tensor(name), offset);
  return weights;
}
