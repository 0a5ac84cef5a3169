// The flags of commands that judge, and their exit codes.
import type { Options } from 'yargs';
import { chooseNames } from '../cases/select.ts';
import { type ReportFormat, reportFormats } from '../report/verdict-report.ts';
import { once } from './selection-flags.ts';

export const reportFlags = {
  format: {
    type: 'string',
    requiresArg: true,
    default: 'table' as ReportFormat,
    coerce: chooseFormat,
    describe: `${reportFormats.join(', ')}; github: annotations, and the job summary`,
  },
  all: { type: 'boolean', default: false, describe: 'show every case, those too of which there is nothing to say' },
} as const satisfies Record<string, Options>;

function chooseFormat(name: string | readonly string[]): ReportFormat {
  const [chosen] = chooseNames('format', [once('format')(name)], reportFormats);
  return chosen as ReportFormat;
}

export const REGRESSION = 1;
