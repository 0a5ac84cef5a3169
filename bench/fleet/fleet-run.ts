// What stands in the queues. A run is one job of `tare-runs` that nobody takes; its cases wait in the queue of its machine class
// and commit; its rows come together in a queue of its own, a job each, so that the server itself keeps but one of a case.
import { z } from 'zod';
import { InputError } from '../contract/input-error.ts';
import { names } from '../contract/run-arguments.ts';
import { tareLine } from '../contract/typed-lines.ts';
import type { ResultRow } from '../results/columns.ts';
import { formatHeader, parseRows } from '../results/csv.ts';
import type { SampleRecord } from '../results/journal.ts';
import { Manifest } from '../results/manifest.ts';
import { SampleLine } from '../results/results-file.ts';
import { shortHash } from '../run/environment.ts';
import { CodeVersion } from './code-version.ts';
import type { QueueServer } from './queue-server.ts';

export const FleetRun = z.object({
  /**
   * As on the machine that enqueued it; what a machine of the class tells is added when rows are collected. In the queue it is
   * without the ids of its cases, which stand beside it: every worker reads it, and there may be many.
   */
  manifest: Manifest,
  /** How many there are. */
  cases: z.number().int(),
  machine_class: z.string(),
  code: CodeVersion,
  /** Whether the number of threads was asked for; each worker has as many as cores where not. */
  has_threads: z.boolean(),
  /** What `tare ab` is called with, where the run is one: its only case. */
  ab: z.array(z.string()).optional(),
});
export type FleetRun = z.infer<typeof FleetRun>;

export const FleetCase = z.object({ run_id: z.string(), case_id: z.string() });
export type FleetCase = z.infer<typeof FleetCase>;

/** What a worker knows of its machine, as a run's manifest says it. */
const Measured = Manifest.pick({ machine: true, backends: true, roofline: true, idle_w: true }).extend({
  threads: z.number().int(),
});

export const Delivery = z.object({
  /** Of this delivery and no other. */
  id: z.string(),
  worker: z.string(),
  case_id: z.string(),
  delivered_at: z.string(),
  /** A line of the CSV; none of a `tare ab`. */
  row: z.string().optional(),
  /** A record a pass. */
  samples: z.array(SampleLine),
  measured: Measured,
  /** What `tare ab` printed. */
  report: z.string().optional(),
});
export type Delivery = z.infer<typeof Delivery>;

/** What measuring a case comes to. */
export interface Outcome extends Pick<Delivery, 'measured' | 'report'> {
  readonly row?: ResultRow;
  readonly samples: readonly SampleRecord[];
  readonly isFailure: boolean;
}

/** What came when its case had a row already. */
export const Rest = Delivery.pick({ id: true, worker: true, case_id: true, delivered_at: true });
export type Rest = z.infer<typeof Rest>;

export const RUNS = 'tare-runs';
/** The ids of the cases of each run. */
export const CASE_IDS = 'tare-case-ids';
/** Machine classes whose workers have been there. */
export const CLASSES = 'tare-classes';

/** Workers take cases of their own class and commit, so those of other runs don't stand in their way. */
export function queueOfCases(machineClass: string, commit: string): string {
  return `tare-cases-${shortHash(`${machineClass} ${commit}`)}`;
}

export function queueOfRows(runId: string): string {
  return `tare-rows-${runId}`;
}

export function queueOfRest(runId: string): string {
  return `tare-rest-${runId}`;
}

/** The same whoever asks, so that a case can't be added twice. BullMQ takes no id that reads as a number. */
export function jobIdOf({ run_id, case_id }: FleetCase): string {
  return `case-${shortHash(`${run_id} ${case_id}`)}`;
}

/** With the ids of its cases. */
export async function whole(server: QueueServer, run: FleetRun): Promise<FleetRun> {
  const job = await (await server.queue(CASE_IDS)).getJob(run.manifest.run_id);
  return { ...run, manifest: { ...run.manifest, case_ids: names.parse(job?.data ?? []) } };
}

/** Oldest first, without their ids. */
export async function readRuns(server: QueueServer): Promise<FleetRun[]> {
  const queue = await server.queue(RUNS);
  const jobs = await queue.getJobs(['waiting']);
  return jobs
    .map(({ data }) => FleetRun.parse(data))
    .toSorted((a, b) => (a.manifest.run_id < b.manifest.run_id ? -1 : 1));
}

export async function findRun(server: QueueServer, runId: string): Promise<FleetRun | undefined> {
  const job = await (await server.queue(RUNS)).getJob(runId);
  return job && FleetRun.parse(job.data);
}

/** By its id or the beginning of it. Throws InputError where there is none or several. */
export async function chosenRuns(server: QueueServer, asked: readonly string[]): Promise<FleetRun[]> {
  const runs = await readRuns(server);
  if (asked.length === 0) return runs;
  return asked.map((typed) => {
    const [first, second] = runs.filter(({ manifest: { run_id } }) => run_id.startsWith(typed));
    if (first === undefined)
      throw new InputError(
        `run: must be in the queue of ${server.address.name}, got ${typed}; ${tareLine('fleet status')} lists those that are`,
      );
    if (second === undefined || first.manifest.run_id === typed) return first;
    throw new InputError(
      `run: must name one run, got ${typed}, with which several begin; ${tareLine('fleet status')} lists them`,
    );
  });
}

export function rowOfDelivery({ row, case_id }: Delivery): ResultRow | undefined {
  return row === undefined ? undefined : parseRows(formatHeader() + row, case_id)[0];
}
