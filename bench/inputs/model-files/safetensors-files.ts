// The tensors of a model that lie in one safetensors file or in several, with an index that says which is where.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { foreignFile } from '../foreign-file.ts';
import { readHeader, type SafetensorsEntry } from '../safetensors.ts';
import { checked } from './config-rules.ts';
import { readJson } from './json-file.ts';

export interface PlacedTensor extends SafetensorsEntry {
  readonly path: string;
}

const Index = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Throws InputError on what is no such file. */
export function tensorsOfFile(path: string): PlacedTensor[] {
  const foreign = existsSync(path) ? foreignFile(path) : undefined;
  if (foreign !== undefined) throw new InputError(`${path}: must be a safetensors file, got ${foreign}`);
  return readHeader(path).map((entry) => ({ ...entry, path }));
}

/** Of all the files that an index names. Throws InputError where a file lacks a tensor that the index puts there. */
export function tensorsOfIndex(path: string): PlacedTensor[] {
  const { weight_map } = checked(path, Index, readJson(path));
  const files = [...new Set(Object.values(weight_map))].toSorted();
  const outside = files.find((file) => file !== basename(file));
  if (outside !== undefined) {
    throw new InputError(`${path}: weight_map must name files beside it, got ${visibleText(outside)}`);
  }
  const tensors = files.flatMap((file) => tensorsOfFile(join(dirname(path), file)));
  const places = new Map(tensors.map((tensor) => [tensor.name, basename(tensor.path)]));
  for (const [name, file] of Object.entries(weight_map)) {
    if (places.get(name) === file) continue;
    throw new InputError(`${join(dirname(path), file)}: must hold ${visibleText(name)} by ${basename(path)}, lacks it`);
  }
  return tensors.filter(({ name, path: own }) => weight_map[name] === basename(own));
}
