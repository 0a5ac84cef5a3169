// Real runs of one commit, kept small as results/histories/<name>/: history.json, which says where and how they were made,
// and each run's rows with all of tare's columns as run-01.csv.gz, run-02.csv.gz, …; 120 rows take some 24 KB.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import type { ResultRow } from '../../results/columns.ts';
import { formatHeader, formatRow, parseRows } from '../../results/csv.ts';
import type { HistoryRun } from '../../results/history.ts';

const HistoryDescription = z.object({
  commit: z.string(),
  machine: z.object({
    cpu_model: z.string(),
    cpu_count: z.number().int(),
    os: z.string(),
    node_version: z.string(),
    v8_version: z.string(),
  }),
  /** What each run was asked for. */
  preset: z.string(),
  backends: z.array(z.string()),
  threads: z.number().int(),
  /** As many as there will be, in the order they are made. */
  runs: z.array(
    z.object({
      file: z.string().regex(/^[\w.-]+\.csv\.gz$/),
      /** Whether another program kept a core busy from time to time. */
      beside_load: z.boolean(),
    }),
  ),
});
export type HistoryDescription = z.infer<typeof HistoryDescription>;

export interface RecordedRun {
  readonly isBesideLoad: boolean;
  readonly rows: readonly ResultRow[];
}

export interface RecordedHistory {
  readonly name: string;
  readonly description: HistoryDescription;
  /** Oldest first: all that the description names. */
  readonly runs: readonly RecordedRun[];
}

const DESCRIPTION = 'history.json';

/** Undefined where the folder holds none yet. Throws InputError on one that is not as it should be. */
export function readDescription(folder: string): HistoryDescription | undefined {
  const path = join(folder, DESCRIPTION);
  if (!existsSync(path)) return undefined;
  try {
    return HistoryDescription.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const found = error instanceof z.ZodError ? z.prettifyError(error).split('\n')[0] : 'no JSON';
    throw new InputError(`${path}: must describe a history of runs, got ${found}`);
  }
}

export function writeDescription(folder: string, description: HistoryDescription): void {
  writeWhole(join(folder, DESCRIPTION), `${JSON.stringify(description, undefined, 2)}\n`);
}

export function isRecorded(folder: string, file: string): boolean {
  return existsSync(join(folder, file));
}

export function writeRecordedRun(folder: string, file: string, rows: readonly ResultRow[]): void {
  writeWhole(join(folder, file), gzipSync(formatHeader() + rows.map(formatRow).join(''), { level: 9 }));
}

/** Whole or not at all: what has its name counts as recorded. */
function writeWhole(path: string, content: string | Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new InputError(
      `--record: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}

/** Throws InputError on a folder that holds no whole history of one commit. */
export function readRecordedHistory(folder: string): RecordedHistory {
  const description = readDescription(folder);
  if (description === undefined) throw new InputError(`${folder}: must hold ${DESCRIPTION}, got none`);
  const runs = description.runs.map(({ file, beside_load }) => {
    return { isBesideLoad: beside_load, rows: readRecordedRun(folder, file, description.commit) };
  });
  return { name: basename(folder), description, runs };
}

function readRecordedRun(folder: string, file: string, commit: string): readonly ResultRow[] {
  const path = join(folder, file);
  if (!isRecorded(folder, file))
    throw new InputError(`${path}: must be there, got none; --record ${folder} makes the runs that are missing`);
  const rows = parseRows(unzipped(path), path);
  assertOfCommit(rows, commit, path);
  return rows;
}

/** Throws InputError where there are no rows, or some of another version. */
export function assertOfCommit(rows: readonly ResultRow[], commit: string, subject: string): void {
  const other = rows.find(({ git_commit, git_dirty }) => git_commit !== commit || git_dirty === true);
  if (rows.length > 0 && other === undefined) return;
  const got = other === undefined ? 'no rows' : `${other.git_commit}${other.git_dirty ? ' with changes' : ''}`;
  throw new InputError(`${subject}: must hold rows of commit ${commit} as it is, got ${got}`);
}

function unzipped(path: string): string {
  try {
    return gunzipSync(readFileSync(path)).toString();
  } catch (error) {
    throw new InputError(`${path}: must be a gzipped CSV, got ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** All histories in the folders of one; none where there is no such folder. */
export function readRecordedHistories(parent: string): RecordedHistory[] {
  if (!existsSync(parent)) return [];
  const folders = readdirSync(parent)
    .toSorted()
    .map((name) => join(parent, name));
  return folders.filter((folder) => statSync(folder).isDirectory()).map(readRecordedHistory);
}

/** A run as `tare track` reads one. */
export function nightOf({ rows }: RecordedRun, number: number): HistoryRun {
  const byCase = new Map(rows.map((row) => [row.case_id ?? '', row]));
  return {
    id: `${number}`,
    name: `${number}`,
    startedAt: rows.map(({ started_at = '' }) => started_at).toSorted()[0] ?? '',
    rows: byCase,
    missing: new Set(),
    leftOut: new Set(),
    asked: { manifest: undefined, caseIds: new Set(byCase.keys()) },
    commit: rows[0]?.git_commit,
  };
}
