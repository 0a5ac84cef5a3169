import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { InputError } from '../contract/input-error.ts';
import { type CaseComparison, compareRuns, type Excuse } from '../judge/compare.ts';
import { toldBy } from '../judge/told.ts';
import { compareReport } from '../report/compare-report.ts';
import { textWidth } from '../report/text-table.ts';
import { printReport } from '../report/verdict-report.ts';
import { eventsBeside } from '../results/events.ts';
import { findManifest, type ResultsFile, readResultsFile } from '../results/results-file.ts';
import { type AskedRun, isAskedAlike } from '../results/same-asked.ts';
import { knownCommits } from '../run/git-state.ts';
import { REGRESSION, reportFlags } from './report-flags.ts';
import { once } from './selection-flags.ts';
import { folderOf } from './users-folder.ts';

const flags = {
  ...reportFlags,
  history: {
    type: 'string',
    requiresArg: true,
    coerce: (value: string | readonly string[]) => folderOf('history', once('history')(value)),
    describe: 'folder of a history whose events.jsonl is heeded beside those next to the CSVs',
  },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags> & { base?: string; head?: string };

export const compareCommand: CommandModule<object, Flags> = {
  command: 'compare <base> <head>',
  describe: 'two runs against each other: speed-ups paired, drift and bytes exactly; exits with 1 on a regression',
  builder: (yargs) =>
    yargs
      .positional('base', { type: 'string', describe: 'CSV of the run to hold against' })
      .positional('head', { type: 'string', describe: 'CSV of the run to judge' })
      .options(flags)
      .example('$0 compare results/baseline.csv results/<run>.csv', 'what changed since the baseline')
      .example('$0 compare base.csv head.csv --format markdown', 'as a comment on a pull request')
      .example('$0 compare base.csv head.csv --format github', 'in a workflow: annotations and job summary'),
  handler: compare,
};

function compare({ base: basePath = '', head: headPath = '', history, format, all }: Flags): void {
  const [base, head] = [basePath, headPath].map(readRun);
  const { report, isRegression } = compareReadRuns(base, head, { all, history });
  printReport(report, format, textWidth());
  if (isRegression) process.exitCode = REGRESSION;
}

/** Throws InputError on what is no run, or several. */
export function readRun(path: string): ResultsFile {
  const file = readResultsFile(path);
  assertOneRun(file);
  return file;
}

export function compareReadRuns(
  base: ResultsFile,
  head: ResultsFile,
  { all, history }: { readonly all: boolean; readonly history?: string },
) {
  const told = eventsBeside([base.path, head.path, ...(history === undefined ? [] : [history])]);
  const commits = told.events.length > 0 ? knownCommits() : [];
  const comparisons = compareRuns(base.rows, head.rows, excuseFor(base, head), toldBy(told.events, commits));
  assertSomeInCommon(comparisons);
  const notes = [...base.notes, ...head.notes, ...told.notes];
  return {
    report: compareReport(comparisons, { base, head, all, notes }),
    isRegression: comparisons.some(({ regressions }) => regressions.length > 0),
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
