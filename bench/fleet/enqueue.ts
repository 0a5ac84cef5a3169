// Puts the cases of a run into the queue, or those of them that the server has lost.
import { selectCases } from '../cases/select.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { newRun } from '../run/new-run.ts';
import { hashesOf, ownCommit } from './code-version.ts';
import { CASE_IDS, type FleetRun, jobIdOf, queueOfCases, queueOfRows, RUNS, whole } from './fleet-run.ts';
import { inParts } from './in-parts.ts';
import type { QueueServer } from './queue-server.ts';

export interface Asked {
  readonly request: RunArguments;
  readonly hasThreads: boolean;
  /** Words of a `tare ab` that is asked for in place of a run: one case, since its verdicts are over all of its cases together. */
  readonly ab?: readonly string[];
}

/** A run for the class that nobody has enqueued yet. Throws InputError on what can't be run. */
export async function runFor({ request, hasThreads, ab }: Asked, machineClass: string): Promise<FleetRun> {
  const manifest = await newRun(request, new Map());
  const { cases } = await selectCases(manifest.arguments);
  const techniques = ab === undefined ? cases.map(({ technique }) => technique) : [];
  const case_ids = ab === undefined ? manifest.case_ids : [`ab ${ab.join(' ')}`];
  return {
    manifest: { ...manifest, case_ids },
    cases: case_ids.length,
    machine_class: machineClass,
    code: { commit: ownCommit(), hashes: hashesOf(techniques, request.kernels) },
    has_threads: hasThreads,
    ab: ab && [...ab],
  };
}

/** The run comes first: cut short, it is finished by `resumeEnqueueing`. */
export async function enqueue(server: QueueServer, run: FleetRun): Promise<void> {
  const { run_id, case_ids } = run.manifest;
  await (await server.queue(CASE_IDS)).addBulk([{ name: 'ids', data: case_ids, opts: { jobId: run_id } }]);
  const known = { ...run, manifest: { ...run.manifest, case_ids: [] } };
  await (await server.queue(RUNS)).addBulk([{ name: 'run', data: known, opts: { jobId: run_id } }]);
  await addCases(server, run, case_ids);
}

/** Puts cases back that are neither in the queue nor have a row; gives how many. */
export async function resumeEnqueueing(server: QueueServer, known: FleetRun): Promise<number> {
  const run = await whole(server, known);
  const { run_id, case_ids } = run.manifest;
  const queues = [
    await server.queue(queueOfRows(run_id)),
    await server.queue(queueOfCases(run.machine_class, run.code.commit)),
  ];
  const isGone = async (case_id: string) => {
    const found = await Promise.all(queues.map((queue) => queue.getJob(jobIdOf({ run_id, case_id }))));
    return found.every((job) => job === undefined);
  };
  const gone: string[] = [];
  for (const part of inParts(case_ids)) {
    const are = await Promise.all(part.map(isGone));
    gone.push(...part.filter((_, i) => are[i]));
  }
  await addCases(server, run, gone);
  return gone.length;
}

/** A worker that the server went away from tries again; what a case comes to is in its row, never in these. */
const ATTEMPTS = { attempts: 1000, backoff: { type: 'fixed', delay: 1000 } } as const;

async function addCases(server: QueueServer, { manifest, machine_class, code }: FleetRun, ids: readonly string[]) {
  const queue = await server.queue(queueOfCases(machine_class, code.commit));
  const { run_id } = manifest;
  for (const part of inParts(ids, 1000)) {
    await queue.addBulk(
      part.map((case_id) => ({
        name: 'case',
        data: { run_id, case_id },
        opts: { jobId: jobIdOf({ run_id, case_id }), removeOnComplete: true, ...ATTEMPTS },
      })),
    );
  }
}
