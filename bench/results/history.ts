// Many runs in the order they were made, out of folders and files.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../contract/input-error.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import type { ResultRow } from './columns.ts';
import { findManifest, readResultsFile } from './results-file.ts';

export interface HistoryRun {
  readonly id: string;
  /** The file it was read from. */
  readonly name: string;
  /** Of its first case, UTC, ISO 8601. */
  readonly startedAt: string;
  readonly rows: ReadonlyMap<string, ResultRow>;
  /** Cases it was to run and has no row of: some only where it was interrupted. */
  readonly missing: ReadonlySet<string>;
  /** What was asked; undefined where it has no manifest. */
  readonly asked: RunArguments | undefined;
}

export interface History {
  /** Oldest first, never none. */
  readonly runs: readonly HistoryRun[];
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

/** Runs of all files and of all CSVs in all folders. Throws InputError on a named file that is no run. */
export function readHistory(paths: readonly string[]): History {
  const notes: string[] = [];
  const runs: HistoryRun[] = [];
  for (const path of paths) {
    const files = csvFilesIn(path);
    for (const file of files ?? [path]) {
      const read = readRuns(file, files !== undefined);
      notes.push(...read.notes);
      for (const run of read.runs) addOnce(run, runs, notes);
    }
  }
  if (runs.length === 0)
    throw new InputError(
      `history: must hold whole runs, got none in ${paths.join(', ')}${notes.length > 0 ? ` (${notes[0]})` : ''}`,
    );
  return { runs: runs.toSorted((a, b) => compareText(a.startedAt, b.startedAt) || compareText(a.id, b.id)), notes };
}

/** Undefined for what is no folder. */
function csvFilesIn(path: string): string[] | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const names = readdirSync(path).filter((name) => name.endsWith('.csv'));
  if (names.length === 0) throw new InputError(`history: must hold CSVs, got none in the folder ${path}`);
  return names.toSorted(compareText).map((name) => join(path, name));
}

interface ReadRuns {
  readonly runs: readonly HistoryRun[];
  readonly notes: readonly string[];
}

/** A folder may hold other files too, so what can't be read there is passed over and said. */
function readRuns(path: string, isInFolder: boolean): ReadRuns {
  try {
    return runsOf(path);
  } catch (error) {
    if (!(error instanceof InputError) || !isInFolder) throw error;
    return { runs: [], notes: [`passed over ${error.message}`] };
  }
}

function runsOf(path: string): ReadRuns {
  const { name, rows, notes } = readResultsFile(path);
  if (rows.length === 0) return { runs: [], notes: [...notes, `passed over ${name}: it has no rows`] };
  const byRun = [...Map.groupBy(rows, ({ run_id }) => run_id ?? name)];
  const manifest = findManifest(path);
  const shards = byRun.filter(([, group]) => isPartOfRun(group)).map(([id]) => id);
  const runs = byRun.flatMap(([id, group]): HistoryRun[] => {
    if (shards.includes(id)) return [];
    const own = new Map(group.map((row) => [row.case_id ?? '', row]));
    const startedAt = group.map(({ started_at = '' }) => started_at).toSorted(compareText)[0];
    const planned = byRun.length === 1 ? (manifest?.case_ids ?? []) : [];
    const missing = new Set(planned.filter((caseId) => !own.has(caseId)));
    return [{ id, name, startedAt, rows: own, missing, asked: manifest?.arguments }];
  });
  const said = shards.map((id) => `passed over ${name}: ${id} is a shard; tare merge joins shards`);
  return { runs, notes: [...notes, ...said] };
}

/** Rows of some shards without those of the others. */
function isPartOfRun(rows: readonly ResultRow[]): boolean {
  const shards = new Set(rows.flatMap(({ shard }) => shard ?? []));
  const [first] = shards;
  return first !== undefined && shards.size < Number(first.split('/')[1]);
}

function addOnce(run: HistoryRun, runs: HistoryRun[], notes: string[]): void {
  const earlier = runs.find(({ id }) => id === run.id);
  if (earlier === undefined) {
    runs.push(run);
    return;
  }
  if (!isDeepStrictEqual(earlier.rows, run.rows))
    throw new InputError(
      `history: a run must be there once, got ${run.id} in ${earlier.name} and, with other rows, in ${run.name}`,
    );
  notes.push(`${run.name}: is ${earlier.name} again and counts once`);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
