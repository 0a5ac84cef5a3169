import { hostname } from 'node:os';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { ownCommit, shortCommit } from '../fleet/code-version.ts';
import { ownMachineClass } from '../fleet/machine-class.ts';
import { caseMeasurer } from '../fleet/measure-case.ts';
import { queueAddress } from '../fleet/queue-address.ts';
import { openQueueServer } from '../fleet/queue-server.ts';
import { work } from '../fleet/work.ts';
import { INTERRUPTED, stoppable } from '../run/stop-signals.ts';
import { createProgress } from './progress.ts';
import { onceNumber } from './selection-flags.ts';

const LEAST_S = 2;
const MOST_S = 3600;

const flags = {
  'until-empty': {
    type: 'boolean',
    default: false,
    describe: 'end once no case of this class waits or is measured, in place of waiting for more',
  },
  'lost-after': {
    requiresArg: true,
    coerce: onceNumber('lost-after', {
      must: `must be from ${LEAST_S} to ${MOST_S} s`,
      isRight: (value) => value >= LEAST_S && value <= MOST_S,
    }),
    default: 60,
    describe: 'after so long without a sign of life this worker is lost and its case goes to another, s',
  },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { debug?: boolean }>;

export const fleetWorkCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'work',
  describe: "measure cases of this machine's class, one at a time; Ctrl-C gives the case back",
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('TARE_QUEUE=redis://:password@host $0 fleet work', 'until Ctrl-C')
      .example('$0 fleet work --until-empty', 'as a job of CI'),
  handler: (argv) => stoppable((signal) => takeCases(argv, signal)),
};

/** PostgreSQL keeps 63 letters of what a connection is named, which is more than this. */
const MOST_LETTERS = 20;

async function takeCases(argv: Flags, signal: AbortSignal): Promise<void> {
  const server = await openQueueServer(queueAddress(process.env), { patient: true });
  const progress = createProgress();
  try {
    const [machineClass, commit] = [await ownMachineClass(), ownCommit()];
    const name = `${hostname().slice(0, MOST_LETTERS)}-${process.pid}`;
    progress.onPlan(`${name} takes cases for ${machineClass} at commit ${shortCommit(commit)}`);
    const measure = caseMeasurer({ debug: argv.debug ?? false, ...progress });
    const { untilEmpty, lostAfter } = argv;
    const lostAfterMs = 1000 * lostAfter;
    await work(server, {
      machineClass,
      commit,
      name,
      lostAfterMs,
      untilEmpty,
      measure,
      signal,
      say: progress.onWarning,
    });
  } finally {
    progress.end();
    await server.close();
  }
  if (signal.aborted) process.exitCode = INTERRUPTED;
}
