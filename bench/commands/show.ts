import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { chooseNames } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import { type SortKey, showReport, sortKeys } from '../report/show-report.ts';
import { textWidth } from '../report/text-table.ts';
import { printReport, type ReportFormat, reportFormats } from '../report/verdict-report.ts';
import { readResultsFile } from '../results/results-file.ts';
import { chooseFormat, minSqnrFlag } from './report-flags.ts';
import { once } from './selection-flags.ts';

/** Annotations are for what a command judges, and this one judges nothing. */
const formats = reportFormats.filter((format) => format !== 'github');

const flags = {
  best: { type: 'boolean', default: false, describe: 'only each technique on the backend where it is fastest' },
  'min-sqnr': minSqnrFlag,
  sort: {
    type: 'string',
    requiresArg: true,
    default: 'time' as SortKey,
    coerce: chooseSort,
    describe: `order of the rows of a problem: ${sortKeys.join(', ')}`,
  },
  format: {
    type: 'string',
    requiresArg: true,
    default: 'table' as ReportFormat,
    coerce: (name: string | readonly string[]) => chooseFormat(name, formats),
    describe: formats.join(', '),
  },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { run?: string }>;

export const showCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'show <run>',
  describe: "a run's CSV as tables, with absolute times, so that backends can be compared",
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', describe: "a run's CSV" })
      .options(flags)
      .example('$0 show results/<run>.csv', 'every row, the fastest of each problem first')
      .example('$0 show results/<run>.csv --best --min-sqnr 30', 'what there is to choose from if 30 dB are needed')
      .example('$0 show results/<run>.csv --format markdown', 'for a page or a pull request'),
  handler: show,
};

function show({ run = '', best, minSqnr, sort, format }: Flags): void {
  const { name, rows, notes } = readResultsFile(run);
  if (rows.length === 0) throw new InputError(`${name}: must have rows, got none`);
  printReport(showReport(rows, { name, best, minSqnrDb: minSqnr, sort, notes }), format, textWidth());
}

function chooseSort(name: string | readonly string[]): SortKey {
  const [chosen] = chooseNames('sort', [once('sort')(name)], sortKeys);
  return chosen as SortKey;
}
