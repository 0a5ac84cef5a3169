// What workers delivered, written as a run writes it: the same three files, which grow from one collecting to the next.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFailure } from '../results/failure.ts';
import { Journal } from '../results/journal.ts';
import { type Manifest, writeManifest } from '../results/manifest.ts';
import { makeResultsFolder } from '../run/run.ts';
import { lockRun } from '../run/run-lock.ts';
import { Delivery, type FleetRun, jobIdOf, queueOfRest, queueOfRows, Rest, rowOfDelivery, whole } from './fleet-run.ts';
import { inParts } from './in-parts.ts';
import type { QueueServer } from './queue-server.ts';

export interface Collected {
  readonly run: FleetRun;
  /** The CSV, or the report of a `tare ab`; undefined where nothing has been delivered yet. */
  readonly path: string | undefined;
  readonly delivered: number;
  readonly failed: number;
  /** What came of a case that had its row already. */
  readonly rest: readonly Rest[];
}

/** Writes what has been delivered; what the folder holds of the run already stays as it is. */
export async function collect(server: QueueServer, known: FleetRun, out: string): Promise<Collected> {
  makeResultsFolder(out);
  const run = await whole(server, known);
  const unlock = lockRun(join(out, `${run.manifest.run_id}.lock`));
  try {
    const written = await (run.ab === undefined ? collectRows : collectReport)(server, run, out);
    return { run, ...written, rest: await readRest(server, run) };
  } finally {
    unlock();
  }
}

async function collectRows(server: QueueServer, { manifest: begun }: FleetRun, out: string) {
  const path = (kind: string) => join(out, `${begun.run_id}.${kind}`);
  let manifest: Manifest | undefined;
  let journal: Journal | undefined;
  try {
    for await (const delivery of deliveries(server, begun)) {
      if (manifest === undefined) writeManifest(path('run.json'), { ...begun, ...measuredOf(begun, delivery) });
      manifest = withDelivery(manifest ?? begun, delivery);
      journal ??= new Journal(path('csv'), path('samples.jsonl'));
      const row = rowOfDelivery(delivery);
      const isThere = journal.rows.some(({ case_id }) => case_id === delivery.case_id);
      if (row !== undefined && !isThere) journal.append(row, delivery.samples);
    }
  } finally {
    journal?.close();
  }
  const rows = journal?.rows ?? [];
  const isWhole = rows.length === begun.case_ids.length;
  if (manifest !== undefined)
    writeManifest(path('run.json'), {
      ...manifest,
      state: isWhole ? 'finished' : 'interrupted',
      finished_at: isWhole ? manifest.finished_at : undefined,
    });
  return {
    path: rows.length > 0 ? path('csv') : undefined,
    delivered: rows.length,
    failed: rows.filter(isFailure).length,
  };
}

function withDelivery(manifest: Manifest, delivery: Delivery): Manifest {
  const { finished_at = '' } = manifest;
  const { delivered_at } = delivery;
  return {
    ...manifest,
    ...measuredOf(manifest, delivery),
    finished_at: delivered_at > finished_at ? delivered_at : finished_at,
  };
}

/** Machines of one class are alike, so what the first of them told of itself stands for all. */
function measuredOf(manifest: Manifest, { measured: { threads, ...machine } }: Delivery): Partial<Manifest> {
  return {
    ...machine,
    backends: { ...machine.backends, ...manifest.backends },
    arguments: { ...manifest.arguments, threads },
  };
}

async function collectReport(server: QueueServer, { manifest }: FleetRun, out: string) {
  const path = join(out, `${manifest.run_id}.ab.json`);
  for await (const { report = '' } of deliveries(server, manifest)) {
    writeFileSync(path, report);
    const isFailed = !(await isPassed(server, manifest));
    return { path, delivered: 1, failed: isFailed ? 1 : 0 };
  }
  return { path: undefined, delivered: 0, failed: 0 };
}

async function isPassed(server: QueueServer, { run_id }: Manifest): Promise<boolean> {
  const { prioritized } = await (await server.queue(queueOfRows(run_id))).getJobCounts('prioritized');
  return prioritized === 0;
}

/** In the order of the run's cases. */
async function* deliveries(server: QueueServer, { run_id, case_ids }: Manifest): AsyncGenerator<Delivery> {
  const queue = await server.queue(queueOfRows(run_id));
  for (const part of inParts(case_ids)) {
    const jobs = await Promise.all(part.map((case_id) => queue.getJob(jobIdOf({ run_id, case_id }))));
    for (const job of jobs) if (job !== undefined) yield Delivery.parse(job.data);
  }
}

async function readRest(server: QueueServer, { manifest }: FleetRun): Promise<Rest[]> {
  const jobs = await (await server.queue(queueOfRest(manifest.run_id))).getJobs(['waiting']);
  return jobs.map(({ data }) => Rest.parse(data));
}
