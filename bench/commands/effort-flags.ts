// The flags that say how long and how often a run measures each case.
import type { InferredOptionTypes, Options } from 'yargs';
import { InputError } from '../contract/input-error.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { onceNumber } from './selection-flags.ts';

const usual = { type: 'number', requiresArg: true, defaultDescription: "the preset's" } as const;

export const effortFlags = {
  passes: {
    ...usual,
    coerce: onceNumber('passes'),
    describe: 'processes each case is measured in, spread over the run',
  },
  rounds: { ...usual, coerce: onceNumber('rounds'), describe: 'rounds of each case, all passes together' },
  'min-time': {
    ...usual,
    coerce: onceNumber('min-time'),
    describe: 'time to measure each case for, all passes together, s',
  },
} as const satisfies Record<string, Options>;

const MOST_PASSES = 1000;
const MOST_ROUNDS = 100_000;
const MOST_TIME_S = 100_000;

export function effortOfFlags(
  flags: InferredOptionTypes<typeof effortFlags>,
): Pick<RunArguments, 'passes' | 'rounds' | 'minTimeS'> {
  const { passes, rounds, 'min-time': minTimeS } = flags;
  assertCount('passes', passes, MOST_PASSES);
  assertCount('rounds', rounds, MOST_ROUNDS);
  if (minTimeS !== undefined && !(minTimeS > 0 && minTimeS <= MOST_TIME_S))
    throw new InputError(`--min-time: must be above 0 s and at most ${MOST_TIME_S}, got ${minTimeS}`);
  return { passes, rounds, minTimeS };
}

function assertCount(flag: string, count: number | undefined, most: number): void {
  if (count === undefined || (Number.isInteger(count) && count > 0 && count <= most)) return;
  throw new InputError(`--${flag}: must be a count up to ${most}, got ${count}`);
}
