// The folder in which a night's run grows: it joins the history whole, once it is finished, and is gone on with after a kill
// or a reboot.
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readRows } from '../results/csv.ts';
import { type Manifest, readManifest } from '../results/manifest.ts';
import { isAskedAlike } from '../results/same-asked.ts';

export function underWayFolder(history: string): string {
  return join(history, 'under-way');
}

export interface Wanted {
  readonly asked: Manifest['arguments'];
  /** Of tare's checkout; undefined where git tells none. */
  readonly commit: string | undefined;
  readonly nowMs: number;
}

export interface Unfinished {
  /** Of the run to go on with; missing where there is none. */
  readonly runId?: string;
  /** Sentences on what was found and is not gone on with. */
  readonly notes: readonly string[];
}

/** After so long the machine and whatever else is another one. */
const MOST_AGE_MS = 24 * 3600 * 1000;

/** Finds the run to go on with. All others join the history: with the rows they have, and not at all where they have none. */
export function takeUnfinished(history: string, wanted: Wanted): Unfinished {
  const folder = underWayFolder(history);
  // A kill while a run joins the history can leave its CSV alone here.
  const named = readdirSync(folder).flatMap((name) => /^(.+)\.(?:run\.json|csv)$/.exec(name)?.[1] ?? []);
  const ids = [...new Set(named)].toSorted().toReversed();
  const notes: string[] = [];
  let runId: string | undefined;
  for (const id of ids) {
    const why = runId === undefined ? whyNot(folder, id, wanted) : 'a later one is gone on with';
    if (why === undefined) runId = id;
    else notes.push(`${id} ${why}: ${joinHistory(history, id)}`);
  }
  return { runId, notes };
}

/** Why a run is not gone on with; undefined where it is. */
function whyNot(folder: string, id: string, { asked, commit, nowMs }: Wanted): string | undefined {
  const begun = manifestOf(folder, id);
  if (begun === undefined) return 'has no manifest that can be read';
  if (begun.state === 'finished') return 'was finished';
  if (Math.abs(nowMs - Date.parse(begun.started_at)) > MOST_AGE_MS) return 'was begun more than a day ago';
  const caseIds = new Set(begun.case_ids);
  const isAlike = isAskedAlike({ manifest: begun, caseIds }, { manifest: { arguments: asked }, caseIds });
  if (!isAlike) return 'was asked for something else';
  const [first] = rowsOf(folder, id);
  return first !== undefined && first.git_commit !== commit ? 'was begun by another commit' : undefined;
}

function manifestOf(folder: string, id: string): Manifest | undefined {
  try {
    return readManifest(join(folder, `${id}.run.json`));
  } catch {
    return undefined;
  }
}

function rowsOf(folder: string, id: string) {
  try {
    return readRows(join(folder, `${id}.csv`));
  } catch {
    return [];
  }
}

/** What can't be read may still hold rows that a person can save. */
function isWithoutRows(csv: string): boolean {
  if (!existsSync(csv) || statSync(csv).size === 0) return true;
  try {
    return readRows(csv).length === 0;
  } catch {
    return false;
  }
}

/** Moves a run into the history, its CSV last: without that it is no run. Says what became of it. */
export function joinHistory(history: string, id: string): string {
  const folder = underWayFolder(history);
  if (isWithoutRows(join(folder, `${id}.csv`))) {
    for (const kind of ['samples.jsonl', 'passes.jsonl', 'lock', 'csv', 'run.json'])
      rmSync(join(folder, `${id}.${kind}`), { force: true });
    return 'it has no rows and is gone';
  }
  for (const kind of ['passes.jsonl', 'lock']) rmSync(join(folder, `${id}.${kind}`), { force: true });
  for (const kind of ['samples.jsonl', 'run.json', 'csv']) {
    const from = join(folder, `${id}.${kind}`);
    if (existsSync(from) && statSync(from).isFile()) renameSync(from, join(history, `${id}.${kind}`));
  }
  return 'its rows joined the history';
}
