// The flags of commands that judge, and their exit codes.
import type { Options } from 'yargs';
import { chooseNames } from '../cases/select.ts';
import { DEFAULT_MIN_SQNR_DB } from '../report/pareto-rows.ts';
import { type ReportFormat, reportFormats } from '../report/verdict-report.ts';
import { once, onceNumber } from './selection-flags.ts';

export const reportFlags = {
  format: {
    type: 'string',
    requiresArg: true,
    default: 'table' as ReportFormat,
    coerce: (name: string | readonly string[]) => chooseFormat(name, reportFormats),
    describe: `${reportFormats.join(', ')}; github: annotations, and the job summary`,
  },
  all: { type: 'boolean', default: false, describe: 'show every case, those too of which there is nothing to say' },
} as const satisfies Record<string, Options>;

export function chooseFormat(name: string | readonly string[], formats: readonly ReportFormat[]): ReportFormat {
  const [chosen] = chooseNames('format', [once('format')(name)], formats);
  return chosen as ReportFormat;
}

export const minSqnrFlag = {
  requiresArg: true,
  default: DEFAULT_MIN_SQNR_DB,
  coerce: onceNumber('min-sqnr', { must: 'must be a number of decibels', isRight: Number.isFinite }),
  describe: 'least SQNR in dB at which a row can be marked or called best',
} as const;

export const REGRESSION = 1;
