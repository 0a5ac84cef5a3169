// `--model`: a folder of Hugging Face's or a GGUF file.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { foreignFile } from '../foreign-file.ts';
import { readStart } from '../tensor-data.ts';
import { MAGIC } from './gguf-metadata.ts';
import { openGguf } from './gguf-model.ts';
import { openHuggingFaceFolder } from './hugging-face-folder.ts';
import { bytesNeeded, mustFit } from './memory.ts';
import type { OpenedModel } from './opened-model.ts';

/**
 * Reads all but the values of tensors. Throws InputError on what is no model, on one that is not run, and on one whose weights
 * as f32, which whoever runs it holds, are more than there is memory.
 */
export function openModel(path: string): OpenedModel {
  const model = openModelFiles(path);
  mustFit(path, bytesNeeded(model.config));
  return model;
}

/** The same for whoever holds one tensor at a time: memory is not asked for. */
export function openModelFiles(path: string): OpenedModel {
  const place = resolve(path);
  const found = statSync(place, { throwIfNoEntry: false });
  if (found?.isDirectory()) return openHuggingFaceFolder(place);
  if (readStart(place, MAGIC.length) === MAGIC) return openGguf(place);
  const foreign = foreignFile(place) ?? 'a safetensors file, which has no configuration; give its folder';
  throw new InputError(`${path}: must be a folder with config.json or a GGUF file, got ${foreign}`);
}
