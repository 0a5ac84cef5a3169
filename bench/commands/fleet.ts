import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { InputError } from '../contract/input-error.ts';
import { tareLine } from '../contract/typed-lines.ts';
import { type Collected, collect } from '../fleet/collect.ts';
import { drop } from '../fleet/drop.ts';
import { chosenRuns } from '../fleet/fleet-run.ts';
import { queueAddress } from '../fleet/queue-address.ts';
import { openQueueServer, type QueueServer } from '../fleet/queue-server.ts';
import { readStatus } from '../fleet/status.ts';
import { formatFleet } from '../report/fleet-report.ts';
import { textWidth } from '../report/text-table.ts';
import { fleetEnqueueCommand } from './fleet-enqueue.ts';
import { fleetWorkCommand } from './fleet-work.ts';
import { outFlag } from './out-flag.ts';

const jsonFlag = { type: 'boolean', default: false, describe: 'print JSON' } as const satisfies Options;

/** Opens what TARE_QUEUE names, for as long as the work takes. Throws InputError where it can't be reached. */
async function withServer<T>(work: (server: QueueServer) => Promise<T>): Promise<T> {
  const server = await openQueueServer(queueAddress(process.env), { patient: false });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

const statusFlags = { json: jsonFlag };
const statusCommand: CommandModule<object, InferredOptionTypes<typeof statusFlags>> = {
  command: 'status',
  describe: 'how far the runs are, and who works on them for how long',
  builder: (yargs) => yargs.options(statusFlags),
  handler: async ({ json }) => {
    const status = await withServer((server) => readStatus(server, Date.now()));
    process.stdout.write(
      json ? `${JSON.stringify(status, undefined, 2)}\n` : formatFleet(status.runs, status.workers, textWidth()),
    );
    if (status.lost > 0)
      process.stderr.write(
        `tare: ${status.lost} cases without a row are in no queue, as the server lost them; ${tareLine('fleet enqueue --resume <run>')} puts them back\n`,
      );
  },
};

const collectFlags = {
  out: outFlag,
  json: jsonFlag,
} as const satisfies Record<string, Options>;

type CollectFlags = InferredOptionTypes<typeof collectFlags> & { runs?: string[] };

const collectCommand: CommandModule<object, CollectFlags> = {
  command: 'collect [runs..]',
  describe: 'rows that were delivered, as the files of a run for each; may be called again while workers go on',
  builder: (yargs) =>
    yargs
      .positional('runs', { type: 'string', array: true, describe: 'their ids', defaultDescription: 'all' })
      .options(collectFlags),
  handler: collectRuns,
};

async function collectRuns({ runs = [], out, json }: ArgumentsCamelCase<CollectFlags>): Promise<void> {
  const all = await withServer(async (server) => {
    const collected: Collected[] = [];
    for (const run of await chosenRuns(server, runs)) collected.push(await collect(server, run, out));
    return collected;
  });
  for (const { run, rest } of all)
    for (const { case_id, worker } of rest)
      process.stderr.write(
        `tare: ${run.manifest.run_id}: ${case_id} was delivered once more, by ${worker}; the first row counts\n`,
      );
  process.stdout.write(json ? `${JSON.stringify(all.map(dataOf), undefined, 2)}\n` : all.map(lineOf).join(''));
  if (all.length === 0 && !json) process.stdout.write('no runs\n');
  if (all.some(({ failed }) => failed > 0)) process.exitCode = 1;
}

function lineOf({ run, path, delivered, failed }: Collected): string {
  const { run_id, case_ids } = run.manifest;
  const failures = failed > 0 ? `, ${failed} failed` : '';
  return `${run_id} on ${run.machine_class}: ${delivered} of ${case_ids.length} cases${failures}\n${path === undefined ? '' : `${path}\n`}`;
}

function dataOf({ run, path, delivered, failed, rest }: Collected) {
  const { run_id, case_ids } = run.manifest;
  return {
    run_id,
    machine_class: run.machine_class,
    path,
    cases: case_ids.length,
    delivered,
    failed,
    delivered_again: rest,
  };
}

const dropCommand: CommandModule<object, { runs?: string[] }> = {
  command: 'drop [runs..]',
  describe: 'take runs out of the queue: cases nobody has measured, and rows, collected or not',
  builder: (yargs) => yargs.positional('runs', { type: 'string', array: true, describe: 'their ids' }),
  handler: ({ runs = [] }) => {
    if (runs.length === 0)
      throw new InputError(`runs: must be named, got none; ${tareLine('fleet status')} lists them`);
    return withServer(async (server) => {
      for (const run of await chosenRuns(server, runs)) {
        await drop(server, run);
        process.stdout.write(`${run.manifest.run_id} is out of the queue\n`);
      }
    });
  },
};

export const fleetActions = [fleetEnqueueCommand, fleetWorkCommand, statusCommand, collectCommand, dropCommand];

export const fleetCommand: CommandModule = {
  command: 'fleet',
  describe: 'cases handed out to many machines by the queue at TARE_QUEUE; docs/many-machines.md',
  builder: (yargs) => {
    for (const action of fleetActions) yargs.command(action as CommandModule);
    return yargs.demandCommand(
      1,
      'fleet: must be told what: enqueue, work, status, collect or drop; see tare fleet --help',
    );
  },
  handler: () => {},
};
