// Joins the shards of a run into the run that one machine would have made.
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../contract/input-error.ts';
import { type ResultRow, SCHEMA_VERSION } from './columns.ts';
import { formatHeader, formatRow } from './csv.ts';
import type { SampleRecord } from './journal.ts';
import { SHARD_MISSING } from './left-out.ts';
import { type Manifest, writeManifest } from './manifest.ts';
import { findManifest, readResultsFile, readSamples } from './results-file.ts';
import { type AskedRun, isAskedAlike } from './same-asked.ts';

export const allowances = ['commits', 'machines', 'missing'] as const;
/** What shards may differ in, or lack, when the user says so. */
export type Allowance = (typeof allowances)[number];

interface ShardFile {
  readonly path: string;
  readonly name: string;
  readonly rows: readonly ResultRow[];
  readonly samples: ReadonlyMap<string, readonly SampleRecord[]>;
  readonly manifest: Manifest;
  /** What was wrong with the file and yet could be read. */
  readonly notes: readonly string[];
}

export interface MergedRun {
  readonly manifest: Manifest;
  readonly rows: readonly ResultRow[];
  readonly samples: readonly SampleRecord[];
  readonly notes: readonly string[];
}

/** Throws InputError on what is no set of shards of one run. */
export function mergeShards(paths: readonly string[], allowed: readonly Allowance[]): MergedRun {
  const shards = paths.map(readShard);
  assertOneRun(shards);
  const rows = new Map<string, ResultRow>();
  for (const shard of shards) addDistinct(shard, rows, shards);
  if (!allowed.includes('commits')) {
    assertEqual(shards, 'commits', (shard) => commitsOf(shard.rows));
    assertOneCode(shards);
  }
  if (!allowed.includes('machines'))
    assertEqual(shards, 'machines', ({ manifest }) => JSON.stringify(manifest.machine));
  const ids = shards[0].manifest.all_case_ids ?? [];
  const missing = ids.filter((id) => !rows.has(id));
  if (!allowed.includes('missing')) assertComplete(missing, shards);
  for (const id of missing) rows.set(id, rowOfMissing(id, shards));
  return joinShards(shards, ids, rows);
}

function readShard(path: string): ShardFile {
  const { name, rows, notes } = readResultsFile(path);
  const manifest = findManifest(path);
  if (manifest === undefined)
    throw new InputError(`${path}: must lie beside its <run>.run.json and <run>.samples.jsonl, got no manifest`);
  if (manifest.arguments.shard === undefined || manifest.all_case_ids === undefined)
    throw new InputError(`${path}: must be a shard (tare run --shard i/n), got a whole run`);
  return { path, name, rows, notes, manifest, samples: readSamples(path) ?? new Map() };
}

function assertOneRun([first, ...others]: readonly ShardFile[]): void {
  for (const other of others) {
    if (isAskedAlike(wholeRunOf(first), wholeRunOf(other)) && isDeepStrictEqual(planOf(first), planOf(other))) continue;
    throw new InputError(`${other.path}: must be a shard of the same run as ${first.name}, got one of other arguments`);
  }
}

function wholeRunOf({ manifest }: ShardFile): AskedRun {
  const shard = manifest.arguments.shard?.replace(/^\d+/, '');
  const caseIds = new Set(manifest.all_case_ids);
  return { manifest: { ...manifest, arguments: { ...manifest.arguments, shard } }, caseIds };
}

/** Shards of one run also share the order of its cases and what each of them may take. */
function planOf({ manifest: { all_case_ids, arguments: asked } }: ShardFile) {
  const { timeout, passes, rounds, minTimeS } = asked;
  return { all_case_ids, timeout, passes, rounds, minTimeS };
}

function addDistinct(shard: ShardFile, rows: Map<string, ResultRow>, shards: readonly ShardFile[]): void {
  for (const row of shard.rows) {
    const id = row.case_id ?? '';
    if (rows.has(id)) {
      const earlier = shards.find((other) => other.rows.some((candidate) => candidate.case_id === id));
      throw new InputError(`${shard.path}: shards must not overlap, got ${id} in ${earlier?.name} too`);
    }
    rows.set(id, row);
  }
}

function commitsOf(rows: readonly ResultRow[]): string {
  const commits = rows.map(({ git_commit, git_dirty }) => `${git_commit ?? 'unknown'}${git_dirty ? '+' : ''}`);
  return [...new Set(commits)].toSorted().join(' and ');
}

function assertEqual(shards: readonly ShardFile[], what: Allowance, value: (shard: ShardFile) => string): void {
  const filled = shards.filter((shard) => shard.rows.length > 0);
  const other = filled.find((shard) => value(shard) !== value(filled[0]));
  if (other === undefined) return;
  throw new InputError(
    `${other.path}: shards must have equal ${what}, got ${value(filled[0])} in ${filled[0].name} and ${value(other)} here; --allow ${what} joins them all the same`,
  );
}

/** Two checkouts of one commit, both with changes, may hold two codes of one technique. */
function assertOneCode(shards: readonly ShardFile[]): void {
  const known = new Map<string, { readonly hash: string | undefined; readonly name: string }>();
  for (const { path, name, rows } of shards) {
    for (const { technique = '', technique_hash: hash } of rows) {
      const first = known.get(technique) ?? { hash, name };
      known.set(technique, first);
      if (hash === first.hash) continue;
      throw new InputError(
        `${path}: shards must have equal code of ${technique}, got ${first.hash ?? 'no hash'} in ${first.name} and ${hash ?? 'no hash'} here; --allow commits joins them all the same`,
      );
    }
  }
}

function assertComplete(missing: readonly string[], shards: readonly ShardFile[]): void {
  if (missing.length === 0) return;
  const unfinished = shards.filter(({ rows, manifest }) => rows.length < manifest.case_ids.length);
  const absent = absentShards(shards);
  const causes = [
    ...(absent.length > 0 ? [`without shard ${absent.join(', ')}`] : []),
    ...unfinished.map(({ name }) => `${name} is unfinished (tare run --resume)`),
  ];
  throw new InputError(
    `merge: shards must hold every case, got none for ${missing.length}, such as ${missing[0]}: ${causes.join('; ')}; --allow missing joins the rest`,
  );
}

/** All that the case's id and the other shards tell of a case whose own shard has no row of it. */
function rowOfMissing(id: string, shards: readonly ShardFile[]): ResultRow {
  const [suite, technique, backend] = id.split(':');
  const own = shards.find(({ manifest }) => manifest.case_ids.includes(id))?.manifest;
  const shard = own?.arguments.shard ?? absentShards(shards).join(' or ');
  const started_at = (own ?? shards[0].manifest).started_at;
  const { git_commit, git_dirty } = shards.flatMap(({ rows }) => rows)[0] ?? {};
  const known = { schema_version: SCHEMA_VERSION, started_at, git_commit, git_dirty, shard };
  return { ...known, case_id: id, suite, technique, backend, status: 'skipped', reason: SHARD_MISSING };
}

function absentShards(shards: readonly ShardFile[]): string[] {
  const count = Number(shards[0].manifest.arguments.shard?.split('/')[1]);
  const given = new Set(shards.map(({ manifest }) => manifest.arguments.shard));
  return Array.from({ length: count }, (_, i) => `${i + 1}/${count}`).filter((shard) => !given.has(shard));
}

function joinShards(
  shards: readonly ShardFile[],
  ids: readonly string[],
  rows: ReadonlyMap<string, ResultRow>,
): MergedRun {
  const byStart = shards.toSorted((a, b) => (a.manifest.started_at < b.manifest.started_at ? -1 : 1));
  const { manifest: first } = byStart[0];
  const runId = mergedRunId(byStart.map(({ manifest }) => manifest.run_id));
  const samples = new Map(shards.flatMap((shard) => [...shard.samples]));
  return {
    manifest: {
      ...first,
      run_id: runId,
      state: 'finished',
      finished_at:
        byStart
          .map(({ manifest }) => manifest.finished_at ?? '')
          .toSorted()
          .at(-1) || undefined,
      arguments: { ...first.arguments, shard: undefined },
      case_ids: [...ids],
      all_case_ids: undefined,
      backends: Object.assign({}, ...byStart.map(({ manifest }) => manifest.backends)),
    },
    rows: ids.map((id) => ({ ...rows.get(id), run_id: runId })),
    samples: ids.flatMap((id) => samples.get(id) ?? []),
    notes: shards.flatMap(({ notes }) => notes),
  };
}

/** The first shard's time, and a hash: the same shards always come to the same run. */
function mergedRunId(runIds: readonly string[]): string {
  const hash = createHash('sha256').update(runIds.toSorted().join(' ')).digest('hex').slice(0, 4);
  return `${runIds[0].slice(0, 19)}-${hash}`;
}

/** Writes the run's three files into the folder and gives the CSV's path; throws InputError where one is there already. */
export function writeMergedRun({ manifest, rows, samples }: MergedRun, out: string): string {
  const path = (kind: string) => join(out, `${manifest.run_id}.${kind}`);
  const taken = ['csv', 'samples.jsonl', 'run.json'].map(path).find((file) => existsSync(file));
  if (taken !== undefined) throw new InputError(`--out: must not hold the merged run yet, got ${taken}`);
  writeNew(path('samples.jsonl'), samples.map((record) => `${JSON.stringify(record)}\n`).join(''));
  writeNew(path('csv'), formatHeader() + rows.map(formatRow).join(''));
  writeManifest(path('run.json'), manifest);
  return path('csv');
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new InputError(
      `--out: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}
