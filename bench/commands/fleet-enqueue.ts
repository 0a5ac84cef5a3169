import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { argumentsOf } from '../api/run-choices.ts';
import { chosenBrowser } from '../backends/browser/find-browser.ts';
import { InputError } from '../contract/input-error.ts';
import { type Asked, enqueue, resumeEnqueueing, runFor } from '../fleet/enqueue.ts';
import { chosenRuns, type FleetRun } from '../fleet/fleet-run.ts';
import { ownMachineClass } from '../fleet/machine-class.ts';
import { queueAddress } from '../fleet/queue-address.ts';
import { openQueueServer, type QueueServer, reach } from '../fleet/queue-server.ts';
import { readStatus } from '../fleet/status.ts';
import { resolveCommit } from '../run/git-state.ts';
import { browserFlags } from './browser-flags.ts';
import { effortFlags, effortOfFlags } from './effort-flags.ts';
import { modelChoiceOf, modelFlags } from './model-flags.ts';
import { timeoutFlag } from './run.ts';
import { listFlag, once, selectionFlags, selectionOf, threadsFlag } from './selection-flags.ts';

const { default: _, ...threads } = threadsFlag;

const flags = {
  ...selectionFlags,
  ...modelFlags,
  ...browserFlags,
  timeout: timeoutFlag,
  ...effortFlags,
  threads: { ...threads, defaultDescription: "all of the worker's cores" },
  class: {
    ...listFlag,
    describe: 'machine classes to measure on, a run each, as tare fleet work and status name them',
    defaultDescription: "this machine's",
  },
  ab: {
    type: 'string',
    requiresArg: true,
    coerce: once('ab'),
    describe: 'base..head: a tare ab of two commits in place of a run; it goes to one worker as a whole',
  },
  resume: {
    type: 'string',
    requiresArg: true,
    coerce: once('resume'),
    describe: 'put cases of a run back that the server lost: its id',
  },
  json: { type: 'boolean', default: false, describe: 'print JSON' },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags>>;

export const fleetEnqueueCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'enqueue',
  describe: 'hand out the cases of a run: a preset, a model, an ab',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 fleet enqueue --preset nightly', 'for machines like this one')
      .example('$0 fleet enqueue --preset nightly --class a-2-cores-1f3c9a,b-8-cores-77d2e0', 'a run on each of both')
      .example('$0 fleet enqueue --model SmolLM2-135M --suite models', 'a model that lies at the same path everywhere')
      .example('$0 fleet enqueue --ab main..my-branch', 'two commits against each other'),
  handler: handOut,
};

async function handOut(argv: Flags): Promise<void> {
  const address = queueAddress(process.env);
  for (const note of await reach(address)) process.stderr.write(`tare: ${note}\n`);
  const server = await openQueueServer(address, { patient: false });
  try {
    await (argv.resume === undefined ? enqueueAll(server, argv) : putBack(server, argv.resume));
  } finally {
    await server.close();
  }
}

async function enqueueAll(server: QueueServer, argv: Flags): Promise<void> {
  const asked = await askedBy(argv);
  const classes = argv.class.length > 0 ? [...new Set(argv.class)] : [await ownMachineClass()];
  const runs: FleetRun[] = [];
  for (const machineClass of classes) runs.push(await runFor(asked, machineClass));
  for (const run of runs) await enqueue(server, run);
  const enqueued = runs.map(({ manifest: { run_id, case_ids }, machine_class }) => ({
    run_id,
    machine_class,
    cases: case_ids.length,
  }));
  const lines = enqueued.map((run) => `${run.run_id}: ${run.cases} cases for ${run.machine_class}\n`);
  process.stdout.write(argv.json ? `${JSON.stringify(enqueued, undefined, 2)}\n` : lines.join(''));
  await tellWhoIsMissing(server, runs);
}

async function askedBy(argv: Flags): Promise<Asked> {
  const { timeout, browser, headed } = argv;
  const choices = {
    ...selectionOf(argv),
    ...modelChoiceOf(argv),
    ...effortOfFlags(argv),
    timeoutS: timeout,
    threads: argv.threads,
    browser: { path: browser, headed },
  };
  const asked = argumentsOf(choices);
  const request = { ...asked, browser: await chosenBrowser(asked.browser) };
  return {
    request,
    hasThreads: argv.threads !== undefined,
    ab: argv.ab === undefined ? undefined : abWords(argv.ab, argv),
  };
}

/** What `tare ab` is called with. Throws InputError on what is no pair of commits. */
function abWords(pair: string, argv: Flags): string[] {
  const typed = pair.split('..');
  if (typed.length !== 2 || typed.includes('')) throw new InputError(`--ab: must read base..head, got ${pair}`);
  const commits = typed.map((name) => {
    const commit = resolveCommit(name);
    if (commit === undefined) throw new InputError(`--ab: must name commits, got ${name}, of which git knows nothing`);
    return commit;
  });
  const lists = (['suite', 'technique', 'backend', 'filter'] as const).flatMap((flag) =>
    argv[flag].map((value) => `--${flag}=${value}`),
  );
  const { preset, seed, processes } = argv;
  const more = processes === undefined ? [] : [`--processes=${processes}`];
  return [...commits, `--preset=${preset}`, `--seed=${seed}`, ...lists, ...more];
}

/** Nobody would measure cases of a class whose name was mistyped, and nobody would say so. */
async function tellWhoIsMissing(server: QueueServer, runs: readonly FleetRun[]): Promise<void> {
  const { workers } = await readStatus(server, Date.now());
  for (const { machine_class, code } of runs) {
    if (workers.some((worker) => worker.machine_class === machine_class && worker.commit === code.commit)) continue;
    const there = [...new Set(workers.map((worker) => worker.machine_class))].join(', ');
    process.stderr.write(
      `tare: no worker of ${machine_class} at this commit is there yet${there === '' ? '' : `, of those that are: ${there}`}\n`,
    );
  }
}

async function putBack(server: QueueServer, typed: string): Promise<void> {
  const [run] = await chosenRuns(server, [typed]);
  const count = await resumeEnqueueing(server, run);
  process.stdout.write(`${run.manifest.run_id}: ${count} cases put back\n`);
}
