// Many runs in the order they were made, out of folders and files.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../contract/input-error.ts';
import { archivedPaths } from './archived-csvs.ts';
import type { ResultRow } from './columns.ts';
import { eventsBeside, type HistoryEvent } from './events.ts';
import { isLeftOut } from './left-out.ts';
import { findManifest, readResultsFile } from './results-file.ts';
import { type AskedRun, isAskedAlike } from './same-asked.ts';

export interface HistoryRun {
  readonly id: string;
  /** The file it was read from. */
  readonly name: string;
  /** Of its first case, UTC, ISO 8601. */
  readonly startedAt: string;
  readonly rows: ReadonlyMap<string, ResultRow>;
  /** Cases it was to run and did not come to: some only where it was interrupted, or had no time for them. */
  readonly missing: ReadonlySet<string>;
  /** Of these, the ones its time budget had no room for, or whose shard is missing. */
  readonly leftOut: ReadonlySet<string>;
  readonly asked: AskedRun;
  /** Of its first row; undefined where none was written. */
  readonly commit: string | undefined;
}

export interface History {
  /** Oldest first, never none; all were asked for the same. */
  readonly runs: readonly HistoryRun[];
  /** What people said of it. */
  readonly events: readonly HistoryEvent[];
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

type ReadRuns = Pick<History, 'runs' | 'notes'>;

/** What files can't tell. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Newest first, as `git rev-list` gives them; empty where git tells nothing. */
  readonly commits: readonly string[];
}

/**
 * Of all files, and of all CSVs in all folders, the newest run and those asked for the same. Throws InputError on a named
 * file that is no run, and where the newest run is like no other.
 */
export function readHistory(paths: readonly string[], surroundings: Surroundings): History {
  const { runs, notes } = readAll(paths);
  const ordered = inOrder(runs, surroundings);
  const kept = keepAlike(ordered.runs);
  const told = eventsBeside(paths);
  return { runs: kept.runs, events: told.events, notes: [...notes, ...ordered.notes, ...kept.notes, ...told.notes] };
}

function readAll(paths: readonly string[]): ReadRuns {
  const notes: string[] = [];
  const runs: HistoryRun[] = [];
  for (const path of paths) {
    const files = csvFilesIn(path, notes);
    for (const file of files ?? [path]) {
      const read = readRuns(file, files !== undefined);
      notes.push(...read.notes);
      for (const run of read.runs) addOnce(run, runs, notes);
    }
  }
  if (runs.length === 0)
    throw new InputError(`history: must hold whole runs, got none in ${paths.join(', ')}${reasonOf(notes)}`);
  return { runs, notes };
}

/**
 * By time; those whose commits are known share out their places anew, by commit. A run that is dated in the future and
 * would be the newest is passed over: every later step would come before it.
 */
function inOrder(runs: readonly HistoryRun[], { nowMs, commits }: Surroundings): ReadRuns {
  const byTime = runs.toSorted((a, b) => compareText(a.startedAt, b.startedAt) || compareText(a.id, b.id));
  const ages = new Map(commits.map((commit, age) => [commit, age]));
  const ageOf = ({ commit }: HistoryRun) => ages.get(commit ?? '');
  const known = byTime.filter((run) => ageOf(run) !== undefined);
  const byCommit = known.toSorted((a, b) => (ageOf(b) ?? 0) - (ageOf(a) ?? 0)).values();
  const ordered = byTime.map((run) => (ageOf(run) === undefined ? run : (byCommit.next().value ?? run)));
  const newest = ordered.findLastIndex((run) => !isOfTheFuture(run, nowMs));
  const kept = newest < 0 ? ordered : ordered.slice(0, newest + 1);
  return {
    runs: kept,
    notes: clockNotes(
      ordered.filter((run) => isOfTheFuture(run, nowMs) || isBeforeTare(run)),
      kept,
    ),
  };
}

/** Clocks of two machines may well be a day apart. */
export const CLOCK_SLACK_MS = 24 * 3600 * 1000;

function isOfTheFuture({ startedAt }: HistoryRun, nowMs: number): boolean {
  return Date.parse(startedAt) > nowMs + CLOCK_SLACK_MS;
}

/** A clock that lost its battery. */
function isBeforeTare({ startedAt }: HistoryRun): boolean {
  return startedAt < '2025';
}

function clockNotes(strange: readonly HistoryRun[], kept: readonly HistoryRun[]): string[] {
  const said = strange.slice(0, MAX_NAMED).map((run) => {
    const what = `${run.name}: its clock said ${run.startedAt.slice(0, 10)}`;
    if (isBeforeTare(run)) return `${what}, when there was no tare; its place may be wrong`;
    return `${what}, which is yet to come${kept.includes(run) ? '' : "; passed over, as it can't be the newest"}`;
  });
  const more = strange.length - said.length;
  return more > 0 ? [...said, `and ${more} more runs with such clocks`] : said;
}

/** Throws InputError where others were read and none is like the newest. */
function keepAlike(runs: readonly HistoryRun[]): ReadRuns {
  const newest = runs[runs.length - 1];
  const alike = runs.filter((run) => run === newest || isAskedAlike(run.asked, newest.asked));
  const others = runs.filter((run) => !alike.includes(run)).map(({ name }) => name);
  if (others.length === 0) return { runs, notes: [] };
  const said = `${others.slice(0, MAX_NAMED).join(', ')}${others.length > MAX_NAMED ? ` and ${others.length - MAX_NAMED} more` : ''}`;
  if (alike.length === 1)
    throw new InputError(
      `history: runs must be asked for the same as the newest, ${newest.name}, got only others: ${said}; name files of one kind`,
    );
  return { runs: alike, notes: [`passed over ${said}: asked for something else than the newest run, ${newest.name}`] };
}

const MAX_NAMED = 3;

/** Those that were archived too; undefined for what is no folder. */
function csvFilesIn(path: string, notes: string[]): string[] | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const names = readdirSync(path).filter((name) => name.endsWith('.csv') && !isPipe(join(path, name)));
  const files = new Set([...names.map((name) => join(path, name)), ...archivedIn(path, notes)]);
  if (files.size === 0)
    throw new InputError(`history: must hold CSVs, got none in the folder ${path}${reasonOf(notes)}`);
  return [...files].toSorted(compareText);
}

function archivedIn(folder: string, notes: string[]): string[] {
  try {
    return archivedPaths(folder);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    notes.push(`passed over ${error.message}`);
    return [];
  }
}

function reasonOf(notes: readonly string[]): string {
  return notes.length > 0 ? ` (${notes[0]})` : '';
}

/** Reading from one waits until something writes to it. */
function isPipe(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
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
  const manifest = byRun.length === 1 ? findManifest(path) : undefined;
  const shards = byRun.filter(([, group]) => isPartOfRun(group)).map(([id]) => id);
  const runs = byRun.flatMap(([id, group]): HistoryRun[] => {
    if (shards.includes(id)) return [];
    const [left, rowsOfRun] = [group.filter(isLeftOut), group.filter((row) => !isLeftOut(row))];
    const own = new Map(rowsOfRun.map((row) => [row.case_id ?? '', row]));
    const leftOut = new Set(left.map(({ case_id = '' }) => case_id));
    const startedAt = startOf(group, name);
    const missing = new Set(manifest?.case_ids.filter((caseId) => !own.has(caseId))).union(leftOut);
    const asked = { manifest, caseIds: new Set([...own.keys(), ...missing]) };
    return [{ id, name, startedAt, rows: own, missing, leftOut, asked, commit: group[0].git_commit }];
  });
  const said = shards.map((id) => `passed over ${name}: ${id} is a shard; tare merge joins shards`);
  return { runs, notes: [...notes, ...said] };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** Throws InputError on what can't be put in order, such as the dates that spreadsheets make of times. */
function startOf(rows: readonly ResultRow[], name: string): string {
  const times = rows.map(({ started_at = '' }) => started_at);
  const strange = times.find((time) => !TIME.test(time));
  if (strange === undefined) return times.toSorted(compareText)[0];
  throw new InputError(
    `${name}: started_at must be a time as 2031-05-04T03:02:01Z, got ${strange || 'none'}; take the file as tare wrote it`,
  );
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
