// A model as Hugging Face's libraries save it: config.json, tokenizer.json and the weights in safetensors files.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { EMBEDDING, type ModelConfig } from '../../contract/model.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { readRows, readTensor } from '../tensor-data.ts';
import { ggufVocabulary } from './gguf-vocabulary.ts';
import { endToken, huggingFaceConfig } from './hugging-face-config.ts';
import { huggingFaceTokenizer } from './hugging-face-tokenizer.ts';
import { readJson } from './json-file.ts';
import { checkTensors } from './model-tensors.ts';
import type { OpenedModel } from './opened-model.ts';
import { type PlacedTensor, tensorsOfFile, tensorsOfIndex } from './safetensors-files.ts';
import { makeTokenizer } from './tokenizer.ts';

const [WEIGHTS, INDEX] = ['model.safetensors', 'model.safetensors.index.json'];

/** Throws InputError on what is no such folder, and on a model that is not run. */
export function openHuggingFaceFolder(folder: string): OpenedModel {
  const configFile = requiredFile(folder, 'config.json');
  const configJson = readJson(configFile);
  const config = huggingFaceConfig(configFile, configJson);
  const tensors = ownTensors(folder, config);
  const tokenizerFile = requiredFile(folder, 'tokenizer.json');
  const json = huggingFaceTokenizer(folder, readJson(tokenizerFile));
  const tokenizer = makeTokenizer(tokenizerFile, json, config.vocabularySize);
  const placed = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${folder}: tensor must be one of the model's, got ${name}`);
    return tensor;
  };
  return {
    name: basename(folder),
    config,
    tensor: (name) => readTensor(placed(name).path, placed(name)),
    lookUp: (tokens) => readRows(placed(EMBEDDING).path, placed(EMBEDDING), config.vocabularySize, tokens),
    tokenizer,
    ggufTokenizer: () => {
      const ids = { beginning: tokenizer.beginning, end: endToken(configFile, configJson) };
      return ggufVocabulary(tokenizerFile, json, config.vocabularySize, ids);
    },
  };
}

function requiredFile(folder: string, name: string): string {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const hint = name === 'tokenizer.json' ? '; AutoTokenizer.from_pretrained(…).save_pretrained(…) writes one' : '';
  throw new InputError(`${folder}: must hold ${name}, got ${filesIn(folder)}${hint}`);
}

const MOST_NAMED = 5;

function filesIn(folder: string): string {
  const files = readdirSync(folder).toSorted().map(visibleText);
  if (files.length === 0) return 'an empty folder';
  return files.slice(0, MOST_NAMED).join(', ') + (files.length > MOST_NAMED ? ', …' : '');
}

function ownTensors(folder: string, config: ModelConfig): Map<string, PlacedTensor> {
  const index = join(folder, INDEX);
  const all = existsSync(index) ? tensorsOfIndex(index) : tensorsOfFile(requiredFile(folder, WEIGHTS));
  const own = all.filter(({ name }) => !isUnused(name, config));
  checkTensors(folder, config, new Map(own.map(({ name, shape }) => [name, shape])));
  for (const { path, name, dtype, skipped } of own) {
    if (skipped !== undefined) throw new InputError(`${path}: ${skipped}, got ${name} of ${visibleText(dtype)}`);
  }
  return new Map(own.map((tensor) => [tensor.name, tensor]));
}

/** Older files keep rotary frequencies, which follow from the configuration; some keep a tied head beside the embedding. */
function isUnused(name: string, { isHeadTied }: ModelConfig): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (isHeadTied && name === 'lm_head.weight');
}
