// The files that a query looks at: what lies in folders, what patterns match, and what belongs to a CSV that was named.
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { archivesIn } from '../archived-csvs.ts';
import type { ResultRow } from '../columns.ts';
import { type Dialect, dialectOf, isHeader, parseRows } from '../csv.ts';
import { EVENTS_FILE } from '../events.ts';
import { siblingPath } from '../results-file.ts';
import { wholeSize } from '../whole-lines.ts';

export interface CsvSource extends Dialect {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Its last line is unfinished, which is what a kill leaves behind. */
  readonly isCut: boolean;
  /** Bytes before each header but the first: where files were put one behind the other. */
  readonly laterHeaders: readonly number[];
  readonly firstRow: ResultRow | undefined;
}

/** All absolute and in order. */
export interface Sources {
  readonly csvs: readonly CsvSource[];
  readonly parquets: readonly string[];
  readonly samples: readonly string[];
  readonly manifests: readonly string[];
  readonly events: readonly string[];
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

const KINDS = {
  csv: /\.csv(\.gz)?$/,
  parquet: /\.parquet$/,
  samples: /\.samples\.jsonl$/,
  manifest: /\.run\.json$/,
  events: /^events\.jsonl$/,
} as const;

/**
 * Folders give all their files and what was archived of them; files and patterns give what they name, and of a CSV what
 * lies beside it. Throws InputError on what is not there and on a named file that holds no results.
 */
export function findSources(paths: readonly string[]): Sources {
  const found = paths.map(filesOf);
  const named = new Set(found.flatMap(({ files, isFolder }) => (isFolder ? [] : files)));
  const all = [...new Set(found.flatMap(({ files }) => files))];
  const ofKind = (kind: keyof typeof KINDS) => all.filter((path) => KINDS[kind].test(basename(path))).toSorted();
  const notes: string[] = [];
  const csvs = distinctFiles(
    ofKind('csv').flatMap((path) => {
      try {
        return [csvSource(path)];
      } catch (error) {
        if (!(error instanceof InputError) || named.has(path)) throw error;
        notes.push(`passed over ${error.message}`);
        return [];
      }
    }),
    notes,
  );
  const sources = {
    csvs,
    parquets: ofKind('parquet'),
    samples: ofKind('samples'),
    manifests: ofKind('manifest'),
    events: ofKind('events'),
    notes,
  };
  if (all.length === 0) throw new InputError(`query: must find results, got none in ${paths.join(', ')}`);
  return sources;
}

interface Found {
  readonly files: readonly string[];
  readonly isFolder: boolean;
}

function filesOf(path: string): Found {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return { files: filesIn(resolve(path)), isFolder: true };
  const matches = stats === undefined ? globSync(path).filter(isFile).toSorted() : [path];
  if (matches.length === 0) throw new InputError(`${path}: must name results, got no such file`);
  const files = matches.flatMap((match) => [resolve(match), ...besideCsv(resolve(match))]);
  const unknown = files.find((file) => !Object.values(KINDS).some((kind) => kind.test(basename(file))));
  if (unknown !== undefined && stats !== undefined)
    throw new InputError(`${path}: must be CSV, Parquet, .samples.jsonl, .run.json or events.jsonl, got another file`);
  return { files, isFolder: false };
}

function filesIn(folder: string): string[] {
  const files = readdirSync(folder).map((name) => join(folder, name));
  return [...files.filter(isFile), ...archivesIn(folder)];
}

/** Reading from a pipe would wait until something writes to it. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function besideCsv(path: string): string[] {
  if (!path.endsWith('.csv')) return [];
  const siblings = [
    siblingPath(path, 'samples.jsonl'),
    siblingPath(path, 'run.json'),
    join(dirname(path), EVENTS_FILE),
  ];
  return siblings.filter((sibling) => existsSync(sibling));
}

const MAX_HEAD_BYTES = 2 ** 20;

/** Throws InputError on what is no results file. */
export function csvSource(path: string): CsvSource {
  const name = visibleText(basename(path));
  const head = headOf(path);
  if (head.length === 0) throw new InputError(`${name}: must be a tare results file, got an empty file`);
  const dialect = dialectOf(head, name);
  const [header = '', first = ''] = head.toString().split(/(?<=\n|\r(?!\n))/, 2);
  const isWhole = /[\r\n]$/.test(first);
  const [firstRow] = isWhole ? parseRows(header + first, name) : [];
  return {
    path,
    ...dialect,
    size: statSync(path).size,
    isCut: !path.endsWith('.gz') && isCut(path, dialect),
    laterHeaders: laterHeaders(path, dialect),
    firstRow,
  };
}

function headOf(path: string): Buffer {
  try {
    if (path.endsWith('.gz')) return gunzipSync(readFileSync(path)).subarray(0, MAX_HEAD_BYTES);
    return bytesFrom(path, 0, MAX_HEAD_BYTES);
  } catch (error) {
    throw new InputError(`${path}: must be a readable results file, got ${(error as NodeJS.ErrnoException).code}`);
  }
}

function bytesFrom(path: string, from: number, count: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(file, bytes, 0, count, from));
  } finally {
    closeSync(file);
  }
}

/** Found by a name that stands in every header and in hardly any row. */
function laterHeaders(path: string, { delimiter }: Dialect): number[] {
  const found: number[] = [];
  let before = 0;
  for (const bytes of linesOf(path)) {
    for (let at = bytes.indexOf('case_id'); at >= 0; at = bytes.indexOf('case_id', at + 1)) {
      const from = bytes.lastIndexOf('\n', at) + 1;
      const [line] = bytes.toString('utf8', from, from + MAX_HEAD_BYTES).split(/\r?\n/, 1);
      if (before + from > 0 && isHeader(line.split(delimiter))) found.push(before + from);
    }
    before += bytes.length;
  }
  return [...new Set(found)];
}

/** The file in pieces that end where a line does. */
function* linesOf(path: string): Generator<Buffer> {
  if (path.endsWith('.gz')) return yield gunzipSync(readFileSync(path));
  const file = openSync(path, 'r');
  try {
    let rest = Buffer.alloc(0);
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let n = readSync(file, piece); n > 0; n = readSync(file, piece)) {
      const bytes = Buffer.concat([rest, piece.subarray(0, n)]);
      const end = bytes.lastIndexOf('\n') + 1;
      if (end > 0) yield bytes.subarray(0, end);
      rest = bytes.subarray(end);
    }
    if (rest.length > 0) yield rest;
  } finally {
    closeSync(file);
  }
}

/** A file that holds several, one behind the other, as files of their own in a folder. */
export function splitSource({ path, laterHeaders: begins }: CsvSource, folder: string): CsvSource[] {
  const bytes = path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path);
  return [0, ...begins].map((from, i) => {
    const part = join(mkdtempSync(join(folder, 'part-')), basename(path, '.gz'));
    writeFileSync(part, bytes.subarray(from, begins[i]));
    return csvSource(part);
  });
}

/** A last line without a line end is whole where it has all its cells. */
function isCut(path: string, { header, delimiter }: Dialect): boolean {
  const [from, { size }] = [wholeSize(path), statSync(path)];
  if (from === 0 || from === size) return false;
  try {
    const [cells] = parse(bytesFrom(path, from, size - from), { delimiter });
    return cells.length !== header.length;
  } catch {
    return true;
  }
}

/** A run that lies there twice counts once: files that are equal byte for byte. */
function distinctFiles(all: readonly CsvSource[], notes: string[]): CsvSource[] {
  const sizes = Map.groupBy(all, ({ size }) => size);
  const seen = new Map<string, string>();
  return all.filter(({ path, size }) => {
    if (sizes.get(size)?.length === 1) return true;
    const hash = sha256Of(path);
    const earlier = seen.get(hash);
    if (earlier === undefined) seen.set(hash, path);
    else notes.push(`${visibleText(basename(path))}: is ${visibleText(basename(earlier))} again and counts once`);
    return earlier === undefined;
  });
}

const PIECE_BYTES = 2 ** 23;

export function sha256Of(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let n = readSync(file, piece); n > 0; n = readSync(file, piece)) hash.update(piece.subarray(0, n));
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}
