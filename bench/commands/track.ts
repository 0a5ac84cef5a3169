import type { CommandModule, InferredOptionTypes } from 'yargs';
import { toldBy } from '../judge/told.ts';
import { trackHistory } from '../judge/track.ts';
import { textWidth } from '../report/text-table.ts';
import { trackReport } from '../report/track-report.ts';
import { printReport } from '../report/verdict-report.ts';
import { readHistory } from '../results/history.ts';
import { knownCommits } from '../run/git-state.ts';
import { REGRESSION, reportFlags } from './report-flags.ts';
import { severalPaths } from './selection-flags.ts';

type Flags = InferredOptionTypes<typeof reportFlags> & { history?: string[] };

export const trackCommand: CommandModule<object, Flags> = {
  command: 'track <history..>',
  describe: 'a history of runs: where cases took another level; exits with 1 if the newest run shows a worse one',
  builder: (yargs) =>
    yargs
      .positional('history', { ...severalPaths, describe: 'folders of CSVs, or CSVs' })
      .options(reportFlags)
      .example('$0 track history/', 'every night so far, the newest judged')
      .example('$0 track history/ --format github', 'in a nightly workflow')
      .example('$0 track history/ --format csv > levels.csv', 'every change of every case'),
  handler: track,
};

function track({ history: paths = [], format, all }: Flags): void {
  const commits = knownCommits();
  const history = readHistory(paths, { nowMs: Date.now(), commits });
  const told = toldBy(history.events, commits);
  const cases = trackHistory(history.runs, undefined, told);
  const notes = [...history.notes, ...told.notes];
  printReport(trackReport(cases, { ...history, notes }, all), format, textWidth());
  if (cases.some(({ news }) => news.some(({ isWorse }) => isWorse))) process.exitCode = REGRESSION;
}
