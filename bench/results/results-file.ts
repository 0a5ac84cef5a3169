// A run as it lies on disk, read to be judged: rows, raw samples and manifest, as far as each is there.
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { InputError } from '../contract/input-error.ts';
import type { ResultRow } from './columns.ts';
import { parseRows, readText } from './csv.ts';
import type { SampleRecord } from './journal.ts';
import { type Manifest, readManifest } from './manifest.ts';

export interface ResultsFile {
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
  readonly rows: readonly ResultRow[];
  /** What was wrong with the file and yet could be read. */
  readonly notes: readonly string[];
}

/** Rows of a CSV; an unfinished last line, which a kill leaves behind, is passed over and noted. Throws InputError. */
export function readResultsFile(path: string): ResultsFile {
  const name = basename(path);
  const text = readText(path);
  if (text.trim() === '') throw new InputError(`${path}: must be a tare results file, got an empty file`);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  try {
    return { path, name, rows: distinctCases(parseRows(text, name), name), notes: [] };
  } catch (error) {
    if (whole === text || whole === '') throw error;
    const rows = distinctCases(parseRows(whole, name), name);
    return { path, name, rows, notes: [`${name}: the last line is unfinished or damaged and was left out`] };
  }
}

function distinctCases(rows: readonly ResultRow[], name: string): readonly ResultRow[] {
  const seen = new Map<string, number>();
  for (const [i, { case_id = '', run_id = '' }] of rows.entries()) {
    const key = `${run_id} ${case_id}`;
    const earlier = seen.get(key);
    if (earlier !== undefined)
      throw new InputError(`${name}: a run must have a case once, got ${case_id} in rows ${earlier} and ${i + 1}`);
    seen.set(key, i + 1);
  }
  return rows;
}

const Rounds = z.array(z.array(z.number()));
const SampleLine = z.object({
  case_id: z.string(),
  pass: z.number().int().default(1),
  candidate_ns: Rounds,
  baseline_ns: Rounds,
});

/** Raw samples by case, a record a pass, out of the file beside the CSV; undefined where there is none. Damaged lines are passed over. */
export function readSamples(csvPath: string): Map<string, readonly SampleRecord[]> | undefined {
  const path = siblingPath(csvPath, 'samples.jsonl');
  if (!existsSync(path)) return undefined;
  const records = readFileSync(path, 'utf8').split('\n').flatMap(parseSamples);
  return Map.groupBy(records, ({ case_id }) => case_id);
}

function parseSamples(line: string): SampleRecord[] {
  try {
    const parsed = SampleLine.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}

/** The run's manifest beside its CSV; undefined where there is none. Throws InputError on one that can't be read. */
export function findManifest(csvPath: string): Manifest | undefined {
  const path = siblingPath(csvPath, 'run.json');
  return existsSync(path) ? readManifest(path) : undefined;
}

export function siblingPath(csvPath: string, kind: string): string {
  return `${csvPath.replace(/\.csv$/, '')}.${kind}`;
}
