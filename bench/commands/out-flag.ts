import type { Options } from 'yargs';
import { once } from './selection-flags.ts';
import { resultsFolder } from './users-folder.ts';

export const outFlag = {
  type: 'string',
  requiresArg: true,
  default: resultsFolder(),
  defaultDescription: "tare's own results/",
  coerce: once('out'),
  describe: 'folder the results go to',
} as const satisfies Options;
