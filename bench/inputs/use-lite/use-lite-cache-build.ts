// Fills the cache of what enters each matrix: run by the parent, once before its cases.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { type ArrayFolder, isWhole, openArrayFolder, writeArrayFolder } from './array-folder.ts';
import { readUseLiteWeights } from './use-lite.ts';
import { type CacheSource, cacheName, defaultCacheSource, openUseLiteCache } from './use-lite-cache.ts';
import { attentionInputs, encodeUseLite } from './use-lite-encoder.ts';
import { useLiteMatrixNames } from './use-lite-matrices.ts';

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
  const folder = join(root, cacheName(source.sentences));
  const { numbers, arrays } = compute(source.sentences);
  writeArrayFolder(folder, numbers, arrays);
  const written = openArrayFolder(folder);
  if (!written) throw new Error(`${folder}: cache must be readable after writing, got nothing`);
  return written;
}

function compute(texts: readonly string[]) {
  const trace = encodeUseLite(texts);
  const lengths = texts.map((_, s) => trace.rowStart[s + 1] - trace.rowStart[s]);
  const longestTokens = Math.max(...lengths);
  const longestSentence = lengths.indexOf(longestTokens);
  const arrays: Record<string, Float32Array> = {};
  for (const [matrix, input] of Object.entries(trace.inputs)) arrays[`${matrix}.x`] = Float32Array.from(input);
  for (const matrix of useLiteMatrixNames) arrays[`${matrix}.w`] = readUseLiteWeights(matrix);
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
