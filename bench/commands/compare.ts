import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { compareReadRuns, readRun } from '../api/compare-files.ts';
import { compareReport } from '../report/compare-report.ts';
import { textWidth } from '../report/text-table.ts';
import { printReport, type VerdictReport } from '../report/verdict-report.ts';
import type { ResultsFile } from '../results/results-file.ts';
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
      .positional('base', { type: 'string', describe: 'CSV of the run to compare with' })
      .positional('head', { type: 'string', describe: 'CSV of the run to judge' })
      .options(flags)
      .example('$0 compare results/baseline.csv results/<run>.csv', 'what changed since the baseline')
      .example('$0 compare base.csv head.csv --format markdown', 'as a comment on a pull request')
      .example('$0 compare base.csv head.csv --format github', 'in a workflow: annotations and job summary'),
  handler: compare,
};

function compare({ base: basePath = '', head: headPath = '', history, format, all }: Flags): void {
  const [base, head] = [basePath, headPath].map(readRun);
  const { report, isRegression } = judgeRuns(base, head, { all, history });
  printReport(report, format, textWidth());
  if (isRegression) process.exitCode = REGRESSION;
}

/** Two runs that were read, and what there is to print of them. */
export function judgeRuns(
  base: ResultsFile,
  head: ResultsFile,
  { all, history }: { readonly all: boolean; readonly history?: string },
): { report: VerdictReport; isRegression: boolean } {
  const { comparisons, isRegression, notes } = compareReadRuns(base, head, { history });
  return { report: compareReport(comparisons, { base, head, all, notes }), isRegression };
}
