// The flags of a run that has only so much time.
import { existsSync } from 'node:fs';
import type { InferredOptionTypes, Options } from 'yargs';
import { InputError } from '../contract/input-error.ts';
import { once } from './selection-flags.ts';
import { folderOf } from './users-folder.ts';

export const budgetFlags = {
  budget: {
    type: 'string',
    requiresArg: true,
    coerce: (value: string | readonly string[]) => secondsOf('budget', once('budget')(value)),
    describe: 'time for the whole run, as 90s, 30m or 2h: cases that tell most come first, the rest is left out',
  },
  history: {
    type: 'string',
    requiresArg: true,
    coerce: (value: string | readonly string[]) => {
      const path = once('history')(value);
      return existsSync(path) ? folderOf('history', path) : path;
    },
    defaultDescription: 'that of --out',
    describe: 'with --budget: folder of earlier runs, by which the cases that tell most are chosen',
  },
} as const satisfies Record<string, Options>;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Throws InputError on what is no time of a second at least. */
export function secondsOf(flag: string, typed: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(typed) ?? [];
  const seconds = Number(number) * UNITS[unit];
  if (seconds >= 1) return seconds;
  throw new InputError(`--${flag}: must be a time as 90s, 30m or 2h, got ${typed}`);
}

export type BudgetFlags = InferredOptionTypes<typeof budgetFlags>;
