// `--weights`: where the user's tensors lie, whether in one file, in several with an index, or in a folder of them.
import { readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import { readGgufHeader } from './model-files/gguf-header.ts';
import { MAGIC } from './model-files/gguf-metadata.ts';
import { type PlacedTensor, tensorsOfFile, tensorsOfIndex } from './model-files/safetensors-files.ts';
import { isRead, readStart, readTypes } from './tensor-data.ts';

export interface WeightFiles {
  /** What case ids call them by. */
  readonly stem: string;
  readonly tensors: readonly PlacedTensor[];
}

const INDEX = '.safetensors.index.json';
const ENDINGS = [INDEX, '.safetensors', '.gguf'];

/** Throws InputError on what holds no tensors. */
export function openWeightFiles(path: string): WeightFiles {
  const place = resolve(path);
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory())
    return { stem: stemOf(place), tensors: tensorsAt(place) };
  return { stem: basename(place), tensors: tensorsAt(chosenIn(place)) };
}

/** Every file that the tensors come out of. */
export function weightPaths(path: string): string[] {
  return [...new Set(openWeightFiles(path).tensors.map((tensor) => tensor.path))];
}

function stemOf(file: string): string {
  const ending = ENDINGS.find((each) => file.endsWith(each)) ?? '';
  return basename(file, ending);
}

function tensorsAt(file: string): PlacedTensor[] {
  if (file.endsWith(INDEX)) return tensorsOfIndex(file);
  return readStart(file, MAGIC.length) === MAGIC ? tensorsOfGguf(file) : tensorsOfFile(file);
}

function tensorsOfGguf(path: string): PlacedTensor[] {
  return readGgufHeader(path).tensors.map((tensor) => {
    return isRead(tensor.dtype)
      ? { ...tensor, path }
      : { ...tensor, path, skipped: `must be one of ${readTypes.join(' ')}` };
  });
}

const MOST_NAMED = 3;

/** The index where there is one, or the one file of weights. */
function chosenIn(folder: string): string {
  const names = readdirSync(folder).toSorted();
  const byEnding = ENDINGS.map((ending) => names.filter((name) => name.endsWith(ending)));
  const files = byEnding.find((found) => found.length > 0) ?? [];
  if (files.length === 1) return join(folder, files[0]);
  if (files.length === 0)
    throw new InputError(`--weights: must hold a .safetensors or .gguf file, got none in ${folder}`);
  const named = files.slice(0, MOST_NAMED).map((name) => join(folder, name));
  const more = files.length > MOST_NAMED ? `, … (${files.length} files)` : '';
  throw new InputError(
    `--weights: must be one file or have an index, got a folder; give one of ${named.join(', ')}${more}`,
  );
}
