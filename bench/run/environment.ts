// The machine a run is measured on, as far as it bears on the figures.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release } from 'node:os';
import { InputError } from '../contract/input-error.ts';
import type { Machine, Platform } from '../contract/machine.ts';

export function describeMachine(): Machine {
  return {
    cpu_model: cpus()[0]?.model.trim() ?? 'unknown',
    cpu_count: availableParallelism(),
    os: `${platform()} ${release()} ${arch()}`,
    node_version: process.versions.node,
    v8_version: process.versions.v8,
  };
}

/** Equal where absolute times may be compared. */
export function hashEnvironment(machine: Machine, { adapter, driver, version }: Platform): string {
  return shortHash(JSON.stringify([machine, adapter, driver, ...(version === undefined ? [] : [version])]));
}

export function shortHash(...parts: readonly (string | NodeJS.ArrayBufferView)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) for (const piece of piecesOf(part)) hash.update(piece);
  return hash.digest('hex').slice(0, 16);
}

/** One call hashes less than 2 GiB. */
const MAX_HASHED_BYTES = 2 ** 30;

function* piecesOf(part: string | NodeJS.ArrayBufferView): Generator<string | Uint8Array> {
  if (typeof part === 'string') {
    yield part;
    return;
  }
  for (let from = 0; from < part.byteLength; from += MAX_HASHED_BYTES) {
    const length = Math.min(MAX_HASHED_BYTES, part.byteLength - from);
    yield new Uint8Array(part.buffer, part.byteOffset + from, length);
  }
}

const CHUNK_BYTES = 2 ** 22;

/** SHA-256 of files' content end to end, hex; files of any size. Throws InputError where one can't be read. */
export function hashFiles(paths: readonly string[]): string {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (const path of paths) {
    try {
      const file = openSync(path, 'r');
      for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk))
        hash.update(chunk.subarray(0, length));
      closeSync(file);
    } catch (error) {
      throw new InputError(`${path}: must be readable, got ${(error as NodeJS.ErrnoException).code}`);
    }
  }
  return hash.digest('hex');
}

/** Runnable processes averaged over the last minute; 0 on systems that don't count them. */
export function loadAverage(): number {
  return loadavg()[0];
}

const CANARY_STEPS = 200_000;
const CANARY_TRIES = 7;

/**
 * Time in ns of a fixed chain of dependent multiply-adds, best of a few: the same on a quiet machine night after
 * night, so a slow one tells of a throttled or crowded machine.
 */
export function canaryNs(): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < CANARY_TRIES; attempt++) {
    const start = performance.now();
    let x = 1;
    for (let i = 0; i < CANARY_STEPS; i++) x = x * 0.999999 + 0.000001;
    const elapsed = performance.now() - start;
    if (x > 0) best = Math.min(best, elapsed);
  }
  return Math.round(best * 1e6);
}
