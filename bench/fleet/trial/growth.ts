// How the queue alone grows: many workers in one process take many cases that take no time, and deliver a row of each.
import { setImmediate } from 'node:timers/promises';
import { machine, rowOf } from '../../fixtures/run-files.ts';
import { enqueue } from '../enqueue.ts';
import { queueOfRows } from '../fleet-run.ts';
import { queueAddress } from '../queue-address.ts';
import { openQueueServer } from '../queue-server.ts';
import { work } from '../work.ts';
import { FAKE, fakeRun } from './fake-cases.ts';
import type { TrialServer } from './servers.ts';

export interface Growth {
  readonly workers: number;
  readonly cases: number;
  readonly rows: number;
  readonly enqueuedPerS: number;
  /** Cases that were taken, delivered and put away, all workers together. */
  readonly casesPerS: number;
  /** Of the server: at first, with the cases, with the workers beside them, and at the end with the rows. */
  readonly mib: {
    readonly empty: number;
    readonly enqueued: number;
    readonly withWorkers: number;
    readonly delivered: number;
  };
}

/** Each worker has connections of its own, as in a process of its own. */
export async function growTo(server: TrialServer, workers: number, cases: number): Promise<Growth> {
  const address = queueAddress({ TARE_QUEUE: server.url });
  const mib = () => Math.round(server.memoryBytes() / 2 ** 20);
  const queue = await openQueueServer(address, { patient: true });
  const empty = mib();
  const ids = Array.from({ length: cases }, (_, i) => `quantized:int4:wasm:M=1,N=1536,K=384,case=${i}`);
  const run = fakeRun('2031-01-01T00-00-00-0000', ids);
  let since = performance.now();
  await enqueue(queue, run);
  const enqueuedPerS = rate(cases, since);
  const enqueued = mib();
  const stop = new AbortController();
  const servers = [];
  for (let i = 0; i < workers; i++) servers.push(await openQueueServer(address, { patient: true }));
  let taken = 0;
  let withWorkers = 0;
  since = performance.now();
  const measure = async (_: unknown, case_id: string) => {
    if (++taken === Math.ceil(cases / 2)) withWorkers = mib();
    await setImmediate();
    const row = rowOf('dense', { run_id: run.manifest.run_id, case_id });
    return { row, samples: [], isFailure: false, measured: { machine, backends: {}, threads: 2 } };
  };
  const working = servers.map((own, i) =>
    work(own, {
      ...FAKE,
      name: `worker-${i}`,
      lostAfterMs: 600_000,
      untilEmpty: false,
      measure,
      signal: stop.signal,
      say: () => {},
    }),
  );
  const rows = await queue.queue(queueOfRows(run.manifest.run_id));
  let delivered = 0;
  while (delivered < cases) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    delivered = (await rows.getJobCounts('waiting')).waiting;
  }
  const casesPerS = rate(cases, since);
  const end = mib();
  stop.abort();
  await Promise.all(working);
  for (const own of servers) await own.close();
  await queue.close();
  return {
    workers,
    cases,
    rows: delivered,
    enqueuedPerS,
    casesPerS,
    mib: { empty, enqueued, withWorkers, delivered: end },
  };
}

function rate(count: number, sinceMs: number): number {
  return Math.round(count / ((performance.now() - sinceMs) / 1000));
}
