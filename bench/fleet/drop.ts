// Takes a run out of the queue, with its cases and its rows.
import { type FleetRun, jobIdOf, queueOfCases, queueOfRest, queueOfRows, RUNS } from './fleet-run.ts';
import { inParts } from './in-parts.ts';
import type { QueueServer } from './queue-server.ts';

/** First the run itself: a worker that has a case of it then delivers nothing. */
export async function drop(server: QueueServer, { manifest, machine_class, code }: FleetRun): Promise<void> {
  const { run_id, case_ids } = manifest;
  await (await (await server.queue(RUNS)).getJob(run_id))?.remove();
  const cases = await server.queue(queueOfCases(machine_class, code.commit));
  for (const part of inParts(case_ids)) {
    const jobs = await Promise.all(part.map((case_id) => cases.getJob(jobIdOf({ run_id, case_id }))));
    // A case that is being measured is its worker's, which puts it away itself.
    await Promise.all(jobs.map((job) => job?.remove().catch(() => {})));
  }
  for (const name of [queueOfRows(run_id), queueOfRest(run_id)])
    await (await server.queue(name)).obliterate({ force: true });
}
