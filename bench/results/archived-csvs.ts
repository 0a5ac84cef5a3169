// CSVs that `tare archive` put into Parquet, for whoever reads CSVs: their bytes, made again. Reading files waits and DuckDB
// does not, so a child process asks it.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import { moduleFile } from '../contract/module-file.ts';
import { whyNoDuckDb } from './database/duckdb.ts';

/** Folder below a history's. */
export const ARCHIVE = 'archive';

/** Parquet files below a history's folder, in order. */
export function archivesIn(folder: string): string[] {
  const root = join(folder, ARCHIVE);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
  return names.toSorted().map((name) => join(root, name));
}

/** Where the archived CSVs of a folder were. Throws InputError where there are archives that can't be read. */
export function archivedPaths(folder: string): string[] {
  return [...archivedIn(folder).keys()].map((name) => join(folder, name));
}

/** Undefined where no archive beside it holds it. Throws InputError as `archivedPaths`. */
export function archivedCsv(path: string): Buffer | undefined {
  return archivedIn(dirname(path)).get(basename(path));
}

/** Each folder's archives are read once: their CSVs are asked for one by one. */
const known = new Map<string, ReadonlyMap<string, Buffer>>();

function archivedIn(folder: string): ReadonlyMap<string, Buffer> {
  const archives = archivesIn(folder);
  const key = archives.join('\n');
  const read = known.get(key) ?? (archives.length === 0 ? new Map() : readArchives(folder, archives));
  known.set(key, read);
  return read;
}

function readArchives(folder: string, archives: readonly string[]): ReadonlyMap<string, Buffer> {
  const reason = whyNoDuckDb();
  if (reason !== undefined) throw new InputError(`${join(folder, ARCHIVE)}: holds archived runs; ${reason}`);
  const child = moduleFile('./database/print-archives.ts', import.meta.filename);
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, ...archives], {
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (status === REFUSED) throw new InputError(stderr.toString().trim());
  if (status !== 0) throw new Error(`${join(folder, ARCHIVE)}: must be read, got ${stderr}`);
  return csvsOf(stdout);
}

/** Exit code of the child where an archive can't be read; stderr has the sentence. */
export const REFUSED = 2;

/** Pieces, each behind a line that names its CSV and says how many bytes it has. */
function csvsOf(output: Buffer): ReadonlyMap<string, Buffer> {
  const pieces: { readonly name: string; readonly bytes: Buffer }[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf('\n', at);
    const { name, size }: PieceHead = JSON.parse(output.toString('utf8', at, end));
    pieces.push({ name, bytes: output.subarray(end + 1, end + 1 + size) });
    at = end + 1 + size;
  }
  const byName = Map.groupBy(pieces, ({ name }) => name);
  return new Map([...byName].map(([name, own]) => [name, Buffer.concat(own.map(({ bytes }) => bytes))]));
}

export interface PieceHead {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}
