// A run as it lies on disk, read to be judged: rows, raw samples and manifest, as far as each is there.

import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { counted } from '../contract/counted.ts';
import { visibleText } from '../contract/visible-text.ts';
import type { ResultRow } from './columns.ts';
import { readCsv } from './csv.ts';
import { distinctCases } from './distinct-cases.ts';
import type { SampleRecord } from './journal.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { wholeLines } from './whole-lines.ts';

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
  const name = visibleText(basename(path));
  const { rows, isCutShort } = readCsv(path);
  const distinct = distinctCases(rows, name);
  const again = rows.length - distinct.length;
  return {
    path,
    name,
    rows: distinct,
    notes: [
      ...(isCutShort ? [`${name}: the last line is unfinished or damaged and was left out`] : []),
      ...(again > 0
        ? [
            `${name}: ${counted(again, 'row stands there twice, the same in every cell, and counts', 'rows stand there twice, the same in every cell, and count')} once`,
          ]
        : []),
    ],
  };
}

const Rounds = z.array(z.array(z.number()));
export const SampleLine = z.object({
  case_id: z.string(),
  pass: z.number().int().default(1),
  candidate_ns: Rounds,
  baseline_ns: Rounds,
  canary_cycles: z.array(z.number()).optional(),
});

/** Raw samples by case, a record a pass, out of the file beside the CSV; undefined where there is none. Damaged lines are passed over. */
export function readSamples(csvPath: string): Map<string, readonly SampleRecord[]> | undefined {
  const path = siblingPath(csvPath, 'samples.jsonl');
  if (!existsSync(path)) return undefined;
  const records: SampleRecord[] = [];
  for (const { bytes } of wholeLines(path, false)) records.push(...bytes.toString().split('\n').flatMap(parseSamples));
  return Map.groupBy(records, ({ case_id }) => case_id);
}

function parseSamples(line: string): SampleRecord[] {
  try {
    const parsed = SampleLine.safeParse(JSON.parse(line.replace(/^\uFEFF/, '')));
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
