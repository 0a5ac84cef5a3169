// How far the runs in the queue are, and who works on them.
import { z } from 'zod';
import type { Job } from './bullmq.ts';
import { CLASSES, FleetCase, type FleetRun, queueOfCases, queueOfRows, readRuns } from './fleet-run.ts';
import type { QueueServer } from './queue-server.ts';

export interface RunStatus {
  readonly run_id: string;
  readonly machine_class: string;
  readonly commit: string;
  readonly cases: number;
  readonly waiting: number;
  readonly active: number;
  /** With a row that is no failure. */
  readonly done: number;
  readonly failed: number;
}

export interface WorkerStatus {
  readonly name: string;
  readonly machine_class: string;
  readonly commit: string;
  /** What it measures, and for how long, s; missing where it waits. */
  readonly run_id?: string;
  readonly case_id?: string;
  readonly for_s?: number;
}

export interface FleetStatus {
  readonly runs: readonly RunStatus[];
  readonly workers: readonly WorkerStatus[];
  /** Cases that have no row and are in no queue, as a server loses them that keeps nothing. */
  readonly lost: number;
}

const Class = z.object({ machine_class: z.string(), commit: z.string() });
type Class = z.infer<typeof Class>;

export async function readStatus(server: QueueServer, nowMs: number): Promise<FleetStatus> {
  const runs = await readRuns(server);
  const workers: WorkerStatus[] = [];
  let queued = 0;
  for (const each of await classesOf(server, runs)) {
    const queue = await server.queue(queueOfCases(each.machine_class, each.commit));
    const active = await queue.getJobs(['active']);
    const { waiting, delayed } = await queue.getJobCounts('waiting', 'delayed');
    queued += waiting + delayed + active.length;
    const names = (await queue.getWorkers()).map(({ rawname }) => rawname.split(':w:')[1] ?? '');
    // One that has just been lost still has its case.
    const all = new Set(
      [...names, ...active.flatMap(({ processedBy }) => processedBy ?? [])].filter((name) => name !== ''),
    );
    for (const name of [...all].toSorted())
      workers.push({
        name,
        ...each,
        ...workOf(
          active.find(({ processedBy }) => processedBy === name),
          nowMs,
        ),
      });
  }
  const statuses: RunStatus[] = [];
  for (const run of runs) statuses.push(await statusOf(server, run, workers));
  const left = statuses.reduce((sum, { waiting, active }) => sum + waiting + active, 0);
  return { runs: statuses, workers, lost: Math.max(0, left - queued) };
}

/** Those that have runs, and those whose workers have been there. */
async function classesOf(server: QueueServer, runs: readonly FleetRun[]): Promise<Class[]> {
  const announced = (await (await server.queue(CLASSES)).getJobs(['waiting'])).map(({ data }) => Class.parse(data));
  const all = [...announced, ...runs.map(({ machine_class, code }) => ({ machine_class, commit: code.commit }))];
  return [...new Map(all.map((each) => [queueOfCases(each.machine_class, each.commit), each])).values()];
}

function workOf(job: Job | undefined, nowMs: number): Pick<WorkerStatus, 'run_id' | 'case_id' | 'for_s'> {
  if (job === undefined) return {};
  const forS = job.processedOn === undefined ? undefined : Math.max(0, Math.round((nowMs - job.processedOn) / 1000));
  return { ...FleetCase.parse(job.data), for_s: forS };
}

async function statusOf(server: QueueServer, run: FleetRun, workers: readonly WorkerStatus[]): Promise<RunStatus> {
  const { run_id } = run.manifest;
  const rows = await (await server.queue(queueOfRows(run_id))).getJobCounts('waiting', 'prioritized');
  const active = workers.filter((worker) => worker.run_id === run_id).length;
  return {
    run_id,
    machine_class: run.machine_class,
    commit: run.code.commit,
    cases: run.cases,
    waiting: Math.max(0, run.cases - rows.waiting - rows.prioritized - active),
    active,
    done: rows.waiting,
    failed: rows.prioritized,
  };
}
