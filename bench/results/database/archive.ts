// Old CSVs of a history as Parquet: archive/<machine>/<year>.parquet. What is to become of a file is written aside, the
// bytes of every CSV are made again of it and held against what they were, it takes its place by renaming, and only then do
// the CSVs go. A kill between any two of these loses nothing, and the next time goes on from there.
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { ARCHIVE, archivesIn } from '../archived-csvs.ts';
import type { ResultRow } from '../columns.ts';
import { CONTENTS_KEY, type Contents, makeCsvs, readContents } from './archive-format.ts';
import { valueOfCell } from './cells.ts';
import { type Connection, quotedPaths, quotedText, sentenceOf } from './duckdb.ts';
import { type CsvSource, csvSource, sha256Of } from './sources.ts';
import { distinctNames, readCsv } from './views.ts';

/** What is to become of one archive. */
export interface ArchivePlan {
  readonly path: string;
  readonly csvs: readonly CsvSource[];
}

/** A CSV that stays one, and why. */
export interface Kept {
  readonly name: string;
  readonly reason: string;
}

/**
 * Which CSVs of a folder go where: those of runs that began before `before`, ISO 8601, and that no tare is working on. Throws
 * InputError.
 */
export function planArchives(
  folder: string,
  before: string,
  isUnderWay: (csvPath: string) => boolean,
): { plans: ArchivePlan[]; kept: Kept[] } {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`archive: must be told a history's folder, got ${folder}`);
  const kept: Kept[] = [];
  const ready = csvsIn(folder).flatMap((path) => {
    const name = visibleText(basename(path));
    try {
      const csv = csvSource(path);
      const reason = whyKept(csv, before) ?? (isUnderWay(path) ? 'a tare is working on its run' : undefined);
      if (reason === undefined) return [csv];
      kept.push({ name, reason });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      kept.push({ name, reason: error.message.replace(`${name}: `, '') });
    }
    return [];
  });
  const byArchive = Map.groupBy(ready, ({ firstRow = {} }) =>
    join(folder, ARCHIVE, machineOf(firstRow), `${yearOf(firstRow)}.parquet`),
  );
  return { plans: [...byArchive].map(([path, csvs]) => ({ path, csvs })), kept };
}

function csvsIn(folder: string): string[] {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  return paths.filter((path) => path.endsWith('.csv') && statSync(path).isFile()).toSorted();
}

const TIME = /^\d{4}-\d\d-\d\dT/;

function whyKept({ firstRow, isCut, delimiter, laterHeaders }: CsvSource, before: string): string | undefined {
  if (firstRow === undefined) return 'it has no rows';
  if (isCut || delimiter !== ',') return NOT_ITS_BYTES;
  if (laterHeaders.length > 0) return 'it was joined of several files';
  const { started_at: startedAt = '' } = firstRow;
  if (!TIME.test(startedAt)) return `started_at must be a time, got ${startedAt || 'none'}`;
  return startedAt >= before ? `it is no older than ${before.slice(0, 10)}` : undefined;
}

const NOT_ITS_BYTES = 'another program saved it, so its bytes could not be made again';

/** Machines of one class are of one processor, count and system. */
function machineOf({ cpu_model = 'unknown', cpu_count, os = '' }: ResultRow): string {
  const [platform, , architecture] = os.split(' ');
  const words = [cpu_model, cpu_count === undefined ? '' : `${cpu_count} cores`, platform, architecture].join(' ');
  return words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 100);
}

function yearOf({ started_at = '' }: ResultRow): string {
  return started_at.slice(0, 4);
}

export interface Archived {
  readonly path: string;
  /** CSVs that went. */
  readonly names: readonly string[];
  readonly csvBytes: number;
  /** Of the archive, with what it held before. */
  readonly bytes: number;
  readonly kept: readonly Kept[];
}

/** Puts CSVs into their archive beside what it holds. Throws InputError where files can't be read or written. */
export async function archiveCsvs(
  connection: Connection,
  { path, csvs }: ArchivePlan,
  folder: string,
): Promise<Archived> {
  const held = existsSync(path) ? await readContents(connection, path) : NOTHING;
  if (held === undefined) throw new InputError(`${path}: must be an archive tare wrote, got another file`);
  const hashes = new Map(csvs.map((csv) => [csv.path, sha256Of(csv.path)]));
  const known = new Map(held.files.map(({ name, sha256 }) => [name, sha256]));
  const isHeld = (csv: CsvSource) => known.get(basename(csv.path)) === hashes.get(csv.path);
  const [again, others] = [csvs.filter(isHeld), csvs.filter((csv) => !isHeld(csv))];
  const fresh = others.filter((csv) => !known.has(basename(csv.path)));
  const kept: Kept[] = others
    .filter((csv) => !fresh.includes(csv))
    .map((csv) => ({ name: basename(csv.path), reason: 'another CSV of its name is archived already' }));
  let rest = fresh;
  try {
    mkdirSync(dirname(path), { recursive: true });
    while (rest.length > 0) {
      const refused = await writeArchive(connection, path, held, rest, hashes);
      if (refused.length === 0) break;
      kept.push(...refused);
      rest = rest.filter((csv) => !refused.some(({ name }) => name === basename(csv.path)));
    }
    if (rest.length === 0 && again.length > 0) await assertWhole(connection, path, held);
    const gone = removeCsvs([...again, ...rest], hashes);
    return {
      path: relative(folder, path),
      names: gone.map((csv) => basename(csv.path)),
      csvBytes: gone.reduce((sum, { size }) => sum + size, 0),
      bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
      kept,
    };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new InputError(
      `archive: must be a folder tare can write, got ${String(error.code)} at ${path}; nothing is lost`,
    );
  }
}

const NOTHING: Contents = { headers: [], files: [] };

/** Nothing where the archive is in its place; else the CSVs it can't be made of. */
async function writeArchive(
  connection: Connection,
  path: string,
  held: Contents,
  csvs: readonly CsvSource[],
  hashes: ReadonlyMap<string, string>,
): Promise<Kept[]> {
  const aside = `${path}.new`;
  const contents = contentsWith(held, csvs, hashes);
  try {
    rmSync(aside, { force: true });
    await writeParquet(connection, aside, held.files.length > 0 ? path : undefined, csvs, contents);
    const wrong = await wrongFiles(connection, aside, contents);
    if (held.files.some(({ name }) => wrong.has(name)))
      throw new InputError(`${path}: must give back the CSVs it was made of, got other bytes; nothing was changed`);
    if (wrong.size > 0) return [...wrong].map((name) => ({ name, reason: NOT_ITS_BYTES }));
    flush(aside);
    renameSync(aside, path);
    flush(dirname(path));
    return [];
  } catch (error) {
    const culprit = csvs.find((csv) => error instanceof Error && error.message.includes(csv.path));
    if (culprit === undefined) throw error;
    return [{ name: basename(culprit.path), reason: visibleText(sentenceOf(error)).replace(`${culprit.path}: `, '') }];
  } finally {
    rmSync(aside, { force: true });
  }
}

function contentsWith(held: Contents, csvs: readonly CsvSource[], hashes: ReadonlyMap<string, string>): Contents {
  const headers = new Map(
    [...held.headers, ...csvs.map(({ header }) => header)].map((header) => [header.join(), header]),
  );
  const places = [...headers.keys()];
  const files = csvs.map(({ path, size, header }) => ({
    name: basename(path),
    bytes: size,
    sha256: hashes.get(path) ?? '',
    header: places.indexOf(header.join()),
  }));
  return { headers: [...headers.values()].map((header) => [...header]), files: [...held.files, ...files] };
}

async function writeParquet(
  connection: Connection,
  aside: string,
  held: string | undefined,
  csvs: readonly CsvSource[],
  contents: Contents,
): Promise<void> {
  const byHeader = Map.groupBy(csvs, ({ header }) => header.join());
  const parts = [
    ...(held === undefined ? [] : [`SELECT * FROM read_parquet(${quotedPaths([held])})`]),
    ...[...byHeader.values()].map((group) => {
      const values = distinctNames(group[0].header).map(valueOfCell);
      return `SELECT ${values.join(', ')}, parse_filename(filename) AS source FROM ${readCsv(group)}`;
    }),
  ];
  const metadata = quotedText(JSON.stringify(contents));
  await connection.run(`COPY (${parts.join('\nUNION ALL BY NAME\n')}) TO ${quotedText(aside)}
    (FORMAT parquet, COMPRESSION zstd, KV_METADATA {${CONTENTS_KEY}: ${metadata}})`);
}

/** Names of the CSVs whose bytes the archive does not give back. */
async function wrongFiles(connection: Connection, path: string, contents: Contents): Promise<Set<string>> {
  const made = new Map(contents.files.map(({ name }) => [name, createHash('sha256')]));
  for await (const { name, bytes } of makeCsvs(connection, path, contents)) made.get(name)?.update(bytes);
  const wrong = contents.files.filter(({ name, sha256 }) => made.get(name)?.digest('hex') !== sha256);
  return new Set(wrong.map(({ name }) => name));
}

async function assertWhole(connection: Connection, path: string, contents: Contents): Promise<void> {
  const [wrong] = await wrongFiles(connection, path, contents);
  if (wrong !== undefined)
    throw new InputError(`${path}: must give back ${visibleText(wrong)}, got other bytes; nothing was taken away`);
}

/** To the disk, not only to the system. */
function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Takes away those that are still what was archived. */
function removeCsvs(csvs: readonly CsvSource[], hashes: ReadonlyMap<string, string>): CsvSource[] {
  return csvs.filter((csv) => {
    const isSame = sha256Of(csv.path) === hashes.get(csv.path);
    if (isSame) unlinkSync(csv.path);
    return isSame;
  });
}

/**
 * Writes archived CSVs beside their archives again, those whose names are `wanted`; one that is there stays. Gives their
 * names. Throws InputError where a file can't be written or does not come out as it was.
 */
export async function restoreCsvs(
  connection: Connection,
  folder: string,
  wanted: (name: string) => boolean,
): Promise<string[]> {
  const restored: string[] = [];
  for (const archive of archivesIn(folder)) {
    const contents = (await readContents(connection, archive)) ?? NOTHING;
    const files = contents.files.filter(({ name }) => wanted(name) && !existsSync(join(folder, name)));
    const asides = new Map(files.map((file) => [file.name, `${join(folder, file.name)}.new`]));
    for (const aside of asides.values()) rmSync(aside, { force: true });
    for await (const { name, bytes } of makeCsvs(connection, archive, { ...contents, files }))
      writeFileSync(asides.get(name) ?? '', bytes, { flag: 'a' });
    for (const [name, aside] of asides) {
      if (sha256Of(aside) !== files.find((file) => file.name === name)?.sha256)
        throw new InputError(`${archive}: must give back ${visibleText(name)}, got other bytes; see ${aside}`);
      renameSync(aside, join(folder, name));
      restored.push(name);
    }
  }
  return restored;
}
