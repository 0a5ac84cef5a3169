// DuckDB lies in a folder of its own, `.peers/duckdb`, so that nobody has to download it who asks nothing.
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { setupLine } from '../../contract/typed-lines.ts';

const DUCKDB_DIR = join(import.meta.dirname, '../../../.peers/duckdb');
const PACKAGE = '@duckdb/node-api';

/** What JSON can say; numbers wider than a double's, dates and decimals come as text. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** The part of the package that is used here. */
interface DuckDb {
  readonly DuckDBInstance: {
    create(path: string, options: Readonly<Record<string, string>>): Promise<{ connect(): Promise<Connection> }>;
  };
}

export interface Connection {
  run(sql: string, values?: readonly unknown[]): Promise<unknown>;
  runAndReadAll(sql: string, values?: readonly unknown[]): Promise<{ getRowObjectsJson(): Record<string, Value>[] }>;
  /** Chunk by chunk, so that a result need not fit into memory. */
  stream(sql: string, values?: readonly unknown[]): Promise<Result>;
  extractStatements(sql: string): Promise<{ readonly count: number }>;
  closeSync(): void;
}

export interface Result {
  deduplicatedColumnNames(): string[];
  /** As SQL spells them: `BIGINT`, `DECIMAL(18,3)`, `DOUBLE[]`. */
  columnTypes(): { toString(): string }[];
  yieldRowsJson(): AsyncIterableIterator<Value[][]>;
}

/** Why DuckDB can't be had here, and how to get it; undefined where it is installed. */
export function whyNoDuckDb(folder: string = DUCKDB_DIR): string | undefined {
  try {
    createRequire(join(folder, 'package.json')).resolve(PACKAGE);
    return undefined;
  } catch {
    return `DuckDB: must be installed, got none; ${setupLine('query')} brings it (70 MB)`;
  }
}

/** A thread that reads a CSV of a hundred columns holds that much. */
const MB_PER_THREAD = 256;

/**
 * An empty database in memory that never spills to the disk and installs nothing. `memoryMb` is what DuckDB itself may take,
 * in MiB. Throws InputError where DuckDB is not installed.
 */
export async function openDatabase(memoryMb: number): Promise<Connection> {
  const reason = whyNoDuckDb();
  if (reason !== undefined) throw new InputError(reason);
  const { DuckDBInstance }: DuckDb = createRequire(join(DUCKDB_DIR, 'package.json'))(PACKAGE);
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMb}MiB`,
    threads: `${Math.max(1, Math.min(availableParallelism(), Math.floor(memoryMb / MB_PER_THREAD)))}`,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  return instance.connect();
}

/** A name as SQL takes it, whatever it holds. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** DuckDB would take `*`, `?` and `[` in a file's name for a pattern. */
export function quotedPath(path: string): string {
  return quotedText(path.replace(/[*?[]/g, '[$&]'));
}

export function quotedPaths(paths: readonly string[]): string {
  return `[${paths.map(quotedPath).join(', ')}]`;
}

/**
 * What DuckDB says, on one line: without the class of the error, the advice on its own options, a CSV's whole line and the
 * marked query.
 */
export function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const file = /^ *file = (.*)$/m.exec(message)?.[1];
  const [said] = message
    .replace(/^Original Line:\s*.*\n/m, '')
    .split(/\n\s*(?:LINE \d+:|Column \S+ is being converted|Possible (?:fixes|Solution)|file = |Database is launched)/);
  const sentence = said
    .replace(/^(?:Failed to extract statements: )?[A-Z][\w ]* Error: /, '')
    .replace(/(?<=[.:!])\s*\n\s*/g, ' ')
    .replace(/\s*\n\s*/g, ', ');
  return file === undefined ? sentence : `${file}: ${sentence}`;
}
