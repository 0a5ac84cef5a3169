// Packed weights that took long to choose, kept on disk: a case is measured in several processes, and choosing its weights anew in
// each would take longer than measuring them. The key covers inputs, parameters and the technique's code, so that a stale entry
// is never read.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { Params, Technique } from '../contract/technique.ts';
import { defaultCacheSource } from '../inputs/use-lite/use-lite-cache.ts';

/** Raised whenever files are laid out otherwise. */
const FORMAT = 1;
/** What is packed quicker than it would be read. */
const KEPT_FROM_MS = 300;
/** Of all files together; the ones not used for longest go first. */
const MAX_BYTES = 2 ** 30;

export interface CacheOptions {
  /** Folders it may stand in, best first. */
  readonly roots?: readonly string[];
  readonly keptFromMs?: number;
  readonly maxBytes?: number;
  /** Called before weights are packed that are not in the cache, and after. */
  readonly onPacking?: (isPacking: boolean) => void;
}

/** The technique, but for a `pack` that looks into the cache first. `codeHash` tells states of its code apart. */
export function withPackedCache(technique: Technique, codeHash: string, options: CacheOptions = {}): Technique {
  const { roots = defaultCacheSource().roots, keptFromMs = KEPT_FROM_MS, maxBytes = MAX_BYTES, onPacking } = options;
  return {
    ...technique,
    pack(weights, problem, params, calibration) {
      const name = `${hashOf([codeHash, storedParams(technique, params), problem], { ...weights, ...calibration })}.packed`;
      for (const root of roots) {
        const found = read(join(root, 'packed', name));
        if (found !== undefined) return found;
      }
      onPacking?.(true);
      const start = performance.now();
      const packed = technique.pack(weights, problem, params, calibration);
      onPacking?.(false);
      if (performance.now() - start >= keptFromMs) keep(roots, name, packed, maxBytes);
      return packed;
    },
  };
}

/** The same of what takes long to make of other things: `words` tell apart what it is made of and by. */
export async function cached<T>(words: readonly unknown[], make: () => Promise<T>): Promise<T> {
  const { roots } = defaultCacheSource();
  const name = `${hashOf(words, {})}.packed`;
  for (const root of roots) {
    const found = read(join(root, 'packed', name));
    if (found !== undefined) return found as T;
  }
  const made = await make();
  keep(roots, name, made, MAX_BYTES);
  return made;
}

/** Parameters that make stored weights others than they would be. */
function storedParams({ unstored = [] }: Technique, params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !unstored.includes(name)));
}

function hashOf(words: readonly unknown[], arrays: Readonly<Record<string, unknown>>): string {
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, ...words]));
  for (const [name, array] of Object.entries(arrays)) {
    if (array instanceof Float32Array) hash.update(`\0${name}\0`).update(array);
  }
  return hash.digest('hex').slice(0, 32);
}

/** Undefined where the file is missing, cut short or altered. */
function read(path: string): unknown {
  try {
    const bytes = readFileSync(path);
    const body = bytes.subarray(4);
    if (bytes.readUInt32LE(0) !== crc32(body)) return undefined;
    const now = new Date();
    utimesSync(path, now, now);
    return deserialize(body);
  } catch {
    return undefined;
  }
}

/** In the first folder that takes it; a cache that can't be written is no reason to fail. */
function keep(roots: readonly string[], name: string, packed: unknown, maxBytes: number): void {
  const body = serialize(packed);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(crc32(body));
  for (const root of roots) {
    const folder = join(root, 'packed');
    const fresh = join(folder, `${name}.${process.pid}`);
    try {
      mkdirSync(folder, { recursive: true });
      makeRoom(folder, maxBytes - body.length);
      writeFileSync(fresh, Buffer.concat([head, body]));
      renameSync(fresh, join(folder, name));
      return;
    } catch {
      removeIfThere(fresh);
    }
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Where there is no such folder, there is nothing to remove.
  }
}

function makeRoom(folder: string, maxBytes: number): void {
  const files = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, size: stats.size, used: stats.mtimeMs }];
  });
  let bytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.toSorted((a, b) => a.used - b.used)) {
    if (bytes <= maxBytes) return;
    rmSync(path, { force: true });
    bytes -= size;
  }
}
