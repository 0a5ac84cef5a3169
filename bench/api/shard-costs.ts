// What cases took before, by which shards are dealt out.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { PROJECT } from '../cases/registry.ts';
import { recordedCosts } from '../cases/shard.ts';
import { InputError } from '../contract/input-error.ts';
import type { PresetName } from '../contract/suite.ts';
import { readRows } from '../results/csv.ts';

/** Every shard must be dealt out by the same figures, so these are committed ones, or the user's. */
const COMMITTED = ['nightly-costs.csv', 'baseline.csv'].map((name) => join(PROJECT, 'results', name));

/** What cases take with the usual effort of a preset, by case, in s; of a preset whose runs are not recorded, none. */
export function costsOfPreset(preset: PresetName): Map<string, number> {
  const file = { smoke: undefined, quick: 'baseline.csv', nightly: 'nightly-costs.csv' }[preset];
  const path = file === undefined ? undefined : join(PROJECT, 'results', file);
  return path === undefined || !existsSync(path) ? new Map() : shardCosts(path);
}

/** By case, in s: out of a CSV of costs (bench/record-costs.ts) or of a run; none where there is neither. */
export function shardCosts(csv: string | undefined): Map<string, number> {
  const path = csv ?? COMMITTED.find((file) => existsSync(file));
  if (path === undefined) return new Map();
  const costs = costsIn(readText(path));
  return costs.size > 0 ? costs : recordedCosts(readRows(path));
}

/** Of columns case_id and took_s; none where the file has no such columns. */
function costsIn(text: string): Map<string, number> {
  const records = parse<Record<string, string>>(text, { columns: true, bom: true, relax_column_count: true });
  return new Map(
    records.flatMap(({ case_id, took_s }): [string, number][] => {
      const costS = Number(took_s);
      return case_id && took_s && Number.isFinite(costS) ? [[case_id, costS]] : [];
    }),
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(
      `--shard-costs: must be a CSV that can be read, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}
