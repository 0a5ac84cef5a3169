// The flags that say how long and how often a run measures each case.
import type { InferredOptionTypes, Options } from 'yargs';
import type { RunChoices } from '../api/run-choices.ts';
import { COUNT, type NumberRule, onceNumber } from './selection-flags.ts';

const MOST_PROCESSES = 1000;
const MOST_ROUNDS = 100_000;
const MOST_TIME_S = 100_000;

const usual = { requiresArg: true, defaultDescription: "the preset's" } as const;

export const effortFlags = {
  processes: {
    alias: 'passes',
    ...usual,
    coerce: onceNumber('processes', countUpTo(MOST_PROCESSES)),
    describe: 'processes each case is measured in, spread over the run',
  },
  rounds: {
    ...usual,
    coerce: onceNumber('rounds', countUpTo(MOST_ROUNDS)),
    describe: 'rounds of each case, all passes together',
  },
  'min-time': {
    ...usual,
    coerce: onceNumber('min-time', {
      must: `must be above 0 s and at most ${MOST_TIME_S}`,
      isRight: (value) => value > 0 && value <= MOST_TIME_S,
    }),
    describe: 'time to measure each case for, all passes together, s',
  },
} as const satisfies Record<string, Options>;

function countUpTo(most: number): NumberRule {
  return { must: `must be a count up to ${most}`, isRight: (value) => COUNT.isRight(value) && value <= most };
}

export function effortOfFlags(
  flags: InferredOptionTypes<typeof effortFlags>,
): Pick<RunChoices, 'processes' | 'rounds' | 'minTimeS'> {
  const { processes, rounds, 'min-time': minTimeS } = flags;
  return { processes, rounds, minTimeS };
}
