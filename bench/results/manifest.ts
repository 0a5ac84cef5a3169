// <run>.run.json: what was asked and on which machine, so that an interrupted run can be finished as it was begun.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { InputError } from '../contract/input-error.ts';
import { Roofline } from '../contract/roofline.ts';
import { names, RunArguments } from '../contract/run-arguments.ts';
import { SCHEMA_VERSION } from './columns.ts';

export const Manifest = z.object({
  schema_version: z.number().int(),
  run_id: z.string(),
  started_at: z.string(),
  finished_at: z.string().optional(),
  state: z.enum(['running', 'finished', 'interrupted']),
  arguments: RunArguments,
  case_ids: names,
  /** Of all shards together. */
  all_case_ids: names.optional(),
  /** Content of the file of weights, hex. */
  weights_sha256: z.string().optional(),
  machine: z.record(z.string(), z.unknown()),
  backends: z.record(z.string(), z.unknown()),
  roofline: Roofline.optional(),
  /** What the processor's packages took before the first case, W, where that can be told. */
  idle_w: z.number().optional(),
});
export type Manifest = z.infer<typeof Manifest>;

export function readManifest(path: string): Manifest {
  if (!existsSync(path)) throw new InputError(`--resume: must name a run, got none at ${path}`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new InputError(`${path}: must be JSON`);
  }
  const version = z.object({ schema_version: z.number() }).safeParse(json).data?.schema_version;
  if (version !== SCHEMA_VERSION) {
    throw new InputError(
      `${path}: must be of schema version ${SCHEMA_VERSION}, got ${version ?? 'none'}; measure again with this tare`,
    );
  }
  const parsed = Manifest.safeParse(json);
  if (!parsed.success)
    throw new InputError(`${path}: must describe a run, got ${z.prettifyError(parsed.error).split('\n')[0]}`);
  return parsed.data;
}

/** What a full disk, a limit on file sizes and a quota answer. */
const FULL = ['ENOSPC', 'EFBIG', 'EDQUOT'];

/** Whole or not at all: written beside its place and renamed. */
export function writeManifest(path: string, manifest: Manifest): void {
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify(manifest, undefined, 2)}\n`);
    renameSync(`${path}.new`, path);
  } catch (error) {
    rmSync(`${path}.new`, { force: true });
    const { code = '' } = error as NodeJS.ErrnoException;
    const rule = FULL.includes(code) ? 'must have room to grow (all rows are kept)' : 'must be a folder tare can write';
    throw new InputError(`--out: ${rule}, got ${code} at ${path}`);
  }
}
