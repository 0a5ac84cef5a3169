import { join } from 'node:path';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { matchesFilter } from '../contract/case-filter.ts';
import { counted } from '../contract/counted.ts';
import { InputError } from '../contract/input-error.ts';
import { textWidth, wrapText } from '../report/text-table.ts';
import { type Archived, archiveCsvs, type Kept, planArchives, restoreCsvs } from '../results/database/archive.ts';
import { openDatabase } from '../results/database/duckdb.ts';
import { siblingPath } from '../results/results-file.ts';
import { describeHolder, type Lock, liveHolder, takeLock } from '../run/lock.ts';
import { once, onceNumber } from './selection-flags.ts';

const flags = {
  'older-than': {
    requiresArg: true,
    default: 90,
    coerce: onceNumber('older-than', {
      must: 'must be a number of days from 0',
      isRight: (days) => days >= 0 && days < 1e5,
    }),
    describe: 'age in days: younger runs stay CSVs',
  },
  'dry-run': { type: 'boolean', default: false, describe: 'say what would become of each CSV, and change nothing' },
  restore: {
    type: 'string',
    requiresArg: true,
    coerce: once('restore'),
    describe: 'the other way round: write archived CSVs of this name, or of a pattern with * and ?, as they were',
  },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { history?: string }>;

export const archiveCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'archive <history>',
  describe:
    'old CSVs of a history into Parquet, by machine and year, each taken away only once its bytes could be made again',
  builder: (yargs) =>
    yargs
      .positional('history', { type: 'string', describe: "a history's folder" })
      .options(flags)
      .example('$0 archive history/ --dry-run', 'what would go where, and what would stay')
      .example('$0 archive history/ --older-than 365', 'what is older than a year')
      .example("$0 archive history/ --restore '2031-05-*'", 'a month as CSVs again'),
  handler: archive,
};

async function archive({ history: folder = '', olderThan, dryRun, restore }: Flags): Promise<void> {
  const before = new Date(Date.now() - olderThan * 24 * 3600 * 1000).toISOString();
  if (dryRun && restore === undefined) return printPlans(folder, before);
  const connection = await openDatabase(MEMORY_MB);
  const release = lock(folder);
  try {
    if (restore !== undefined)
      return printRestored(await restoreCsvs(connection, folder, (name) => isWanted(name, restore)));
    const { plans, kept } = planArchives(folder, before, isUnderWay);
    const all = [...kept];
    for (const plan of plans) {
      const done = await archiveCsvs(connection, plan, folder);
      if (done.names.length > 0) print(archivedText(done));
      all.push(...done.kept);
    }
    if (plans.length === 0) print('nothing to archive');
    printKept(all);
  } finally {
    release();
    connection.closeSync();
  }
}

/** What DuckDB may take while rows of a hundred columns become Parquet. */
const MEMORY_MB = 4096;

function lock(folder: string): () => void {
  const { release, holder } = takeFolder(folder);
  if (release !== undefined) return release;
  throw new InputError(`archive: a history must be at rest, got one that ${describeHolder(holder)} is archiving`);
}

function isUnderWay(csvPath: string): boolean {
  return liveHolder(siblingPath(csvPath, 'lock')) !== undefined;
}

function takeFolder(folder: string): Lock {
  try {
    return takeLock(join(folder, 'archive.lock'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`archive: must be a history's folder that tare can write, got ${code} at ${folder}`);
  }
}

function printPlans(folder: string, before: string): void {
  const { plans, kept } = planArchives(folder, before, isUnderWay);
  for (const { path, csvs } of plans)
    print(`${path}: would take ${counted(csvs.length, 'CSV')}, ${mebibytes(sum(csvs.map(({ size }) => size)))}`);
  if (plans.length === 0) print('nothing to archive');
  printKept(kept);
}

function archivedText({ path, names, csvBytes, bytes }: Archived): string {
  return `${path}: took ${counted(names.length, 'CSV')}, ${mebibytes(csvBytes)}; it is ${mebibytes(bytes)} now`;
}

function printRestored(names: readonly string[]): void {
  print(names.length === 0 ? 'nothing to restore' : `restored ${counted(names.length, 'CSV')}: ${some(names)}`);
}

/** A line a reason. */
function printKept(kept: readonly Kept[]): void {
  for (const [reason, group] of Map.groupBy(kept, (each) => each.reason))
    print(`kept ${counted(group.length, 'CSV')}: ${reason} (${some(group.map(({ name }) => name))})`);
}

function isWanted(name: string, pattern: string): boolean {
  return [name, name.replace(/\.csv$/, '')].some((each) =>
    /[*?]/.test(pattern) ? matchesFilter(each, pattern) : each === pattern,
  );
}

const MOST_NAMED = 3;

function some(names: readonly string[]): string {
  return `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function print(line: string): void {
  process.stdout.write(`${wrapText(line, textWidth(), '  ')}\n`);
}
