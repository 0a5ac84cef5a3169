// Fills the cache of what enters each matrix: run by the parent, once before its cases.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { type ArrayFolder, isWhole, openArrayFolder, writeArrayFolder } from './array-folder.ts';
import { openUseLite, readUseLiteWeights } from './use-lite.ts';
import { type CacheSource, cacheName, defaultCacheSource, openUseLiteCache } from './use-lite-cache.ts';
import { readUseLiteConstants } from './use-lite-constants.ts';
import { encodeUseLite } from './use-lite-encoder.ts';
import { attentionInputs } from './use-lite-layers.ts';
import { useLiteMatrix, useLiteMatrixNames } from './use-lite-matrices.ts';
import { withoutRowsOf } from './without-rows-of.ts';

const LAYERS = [0, 1] as const;

/** Makes the cache where there is no sound one, which takes seconds, and gives its folder. Call it once before a run. */
export function ensureUseLiteCache(source = defaultCacheSource()): string {
  const found = openUseLiteCache(source);
  if (found && isWhole(found)) return found.folder;
  return rebuild(source).folder;
}

function rebuild(source: CacheSource): ArrayFolder {
  const root = source.roots.find(isWritable);
  if (!root) throw new InputError(`cache: one folder must be writable, got none of ${source.roots.join(', ')}`);
  const folder = join(root, cacheName(source));
  const { numbers, arrays } = compute(source);
  writeArrayFolder(folder, numbers, arrays);
  const written = openArrayFolder(folder);
  if (!written) throw new Error(`${folder}: cache must be readable after writing, got nothing`);
  return written;
}

function compute({ sentences, calibrationSentences }: CacheSource) {
  const trace = encodeUseLite(sentences);
  const calibration = encodeUseLite(calibrationSentences).inputs;
  const lengths = sentences.map((_, s) => trace.rowStart[s + 1] - trace.rowStart[s]);
  const longestTokens = Math.max(...lengths);
  const longestSentence = lengths.indexOf(longestTokens);
  const model = openUseLite();
  const { biases } = readUseLiteConstants((name) => model.read(name).data);
  const arrays: Record<string, Float32Array> = {};
  for (const matrix of useLiteMatrixNames) {
    const X = Float32Array.from(trace.inputs[matrix]);
    arrays[`${matrix}.x`] = X;
    arrays[`${matrix}.c`] = withoutRowsOf(X, Float32Array.from(calibration[matrix]), useLiteMatrix(matrix).K);
    arrays[`${matrix}.w`] = readUseLiteWeights(matrix);
    arrays[`${matrix}.b`] = biases[matrix];
  }
  for (const layer of LAYERS) {
    const { Q, K, V } = attentionInputs(trace, layer, longestSentence, longestTokens);
    Object.assign(arrays, { [`layer${layer}.q`]: Q, [`layer${layer}.k`]: K, [`layer${layer}.v`]: V });
  }
  return { numbers: { longestSentence, longestTokens, longestRow: trace.rowStart[longestSentence] }, arrays };
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
