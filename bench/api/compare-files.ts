// Two runs on disk against each other: what `tare compare` and a program of one's own both call.
import { InputError } from '../contract/input-error.ts';
import { type CaseComparison, compareRuns, type Excuse } from '../judge/compare.ts';
import { toldBy } from '../judge/told.ts';
import { eventsBeside } from '../results/events.ts';
import { findManifest, type ResultsFile, readResultsFile } from '../results/results-file.ts';
import { type AskedRun, isAskedAlike } from '../results/same-asked.ts';
import { knownCommits } from '../run/git-state.ts';

export interface CompareChoices {
  /** Folder of a history whose events.jsonl is heeded beside those next to the CSVs. */
  readonly history?: string;
}

export interface Compared {
  /** A case at a time, in head's order, then those that only base has. */
  readonly comparisons: readonly CaseComparison[];
  /** Whether a case became slower, failed, drifted, grew or vanished, and nobody said that it may. */
  readonly isRegression: boolean;
  /** What was wrong with the files and yet could be read. */
  readonly notes: readonly string[];
}

/** Throws InputError on what is no run, or several, and where they have no case in common. */
export function compareFiles(base: string, head: string, choices: CompareChoices): Compared {
  return compareReadRuns(readRun(base), readRun(head), choices);
}

/** Throws InputError on what is no run, or several. */
export function readRun(path: string): ResultsFile {
  const file = readResultsFile(path);
  assertOneRun(file);
  return file;
}

export function compareReadRuns(base: ResultsFile, head: ResultsFile, { history }: CompareChoices): Compared {
  const said = eventsBeside([base.path, head.path, ...(history === undefined ? [] : [history])]);
  const told = toldBy(said.events, said.events.length > 0 ? knownCommits() : []);
  const comparisons = compareRuns(base.rows, head.rows, excuseFor(base, head), told);
  assertSomeInCommon(comparisons);
  return {
    comparisons,
    isRegression: comparisons.some(({ regressions }) => regressions.length > 0),
    notes: [...base.notes, ...head.notes, ...said.notes, ...told.notes],
  };
}

function excuseFor(base: ResultsFile, head: ResultsFile): (caseId: string) => Excuse | undefined {
  if (!isAskedAlike(askedOf(base), askedOf(head))) return () => 'not asked for';
  const planned = new Set(findManifest(head.path)?.case_ids);
  return (caseId) => (planned.has(caseId) ? 'not come to before the run was interrupted' : undefined);
}

function askedOf({ path, rows }: ResultsFile): AskedRun {
  const manifest = findManifest(path);
  const caseIds = new Set([...rows.map(({ case_id = '' }) => case_id), ...(manifest?.case_ids ?? [])]);
  return { manifest, caseIds };
}

function assertOneRun({ path, rows }: ResultsFile): void {
  const cases = new Set(rows.map(({ case_id }) => case_id));
  if (rows.length === 0) throw new InputError(`${path}: must have rows, got none`);
  if (cases.size === rows.length) return;
  const runs = new Set(rows.map(({ run_id }) => run_id));
  throw new InputError(`${path}: must hold one run, got ${[...runs].join(', ')} with cases in common`);
}

function assertSomeInCommon(comparisons: readonly CaseComparison[]): void {
  if (comparisons.some(({ base, head }) => base !== undefined && head !== undefined)) return;
  throw new InputError(
    'compare: the runs must have a case in common, got none; were other presets, suites or weights asked for, or had a time budget no room?',
  );
}
