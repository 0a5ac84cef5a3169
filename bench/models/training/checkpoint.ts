// A run's state on disk: one line of JSON, then the values. It is written aside and renamed, so that one that is there is whole.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../../contract/input-error.ts';

export interface Progress {
  readonly model: string;
  /** Steps that were done. */
  readonly step: number;
  /** Those at which the run was to end, and over how many before its rate fell. */
  readonly steps: number;
  readonly decay: number;
  /** Of the training tokens. */
  readonly sha256: string;
}

export function writeCheckpoint(path: string, progress: Progress, state: readonly Float32Array[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const parts = state.map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  writeFileSync(`${path}.new`, Buffer.concat([Buffer.from(`${JSON.stringify(progress)}\n`), ...parts]));
  renameSync(`${path}.new`, path);
}

/** What a checkpoint says of itself; undefined where there is none. */
export function readProgress(path: string): Progress | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  return JSON.parse(bytes.toString('utf8', 0, bytes.indexOf('\n')));
}

/** Fills the state. Throws InputError where the checkpoint is of a network of another size. */
export function readState(path: string, state: readonly Float32Array[]): void {
  const bytes = readFileSync(path);
  const values = bytes.subarray(bytes.indexOf('\n') + 1);
  const expected = state.reduce((total, { byteLength }) => total + byteLength, 0);
  if (values.length !== expected)
    throw new InputError(`${path}: must hold ${expected} bytes of weights and moments, got ${values.length}`);
  let at = 0;
  for (const target of state) {
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(
      values.subarray(at, at + target.byteLength),
    );
    at += target.byteLength;
  }
}
