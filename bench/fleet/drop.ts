// Takes a run out of the queue, with its cases and its rows.
import { CASE_IDS, type FleetRun, jobIdOf, queueOfCases, queueOfRest, queueOfRows, RUNS, whole } from './fleet-run.ts';
import { inParts } from './in-parts.ts';
import type { QueueServer } from './queue-server.ts';

/** First the run itself: a worker that has a case of it then delivers nothing. */
export async function drop(server: QueueServer, run: FleetRun): Promise<void> {
  const { manifest, machine_class, code } = await whole(server, run);
  const { run_id, case_ids } = manifest;
  for (const name of [RUNS, CASE_IDS]) await (await (await server.queue(name)).getJob(run_id))?.remove();
  const cases = await server.queue(queueOfCases(machine_class, code.commit));
  for (const part of inParts(case_ids)) {
    const jobs = await Promise.all(part.map((case_id) => cases.getJob(jobIdOf({ run_id, case_id }))));
    // A case that is being measured is its worker's, which puts it away itself.
    await Promise.all(jobs.map((job) => job?.remove().catch(() => {})));
  }
  for (const name of [queueOfRows(run_id), queueOfRest(run_id)])
    await (await server.queue(name)).obliterate({ force: true });
}
