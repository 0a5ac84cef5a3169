// A worker: takes cases of its machine class and commit, one at a time, and delivers a row of each.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { InputError } from '../contract/input-error.ts';
import { formatRow } from '../results/csv.ts';
import type { Job } from './bullmq.ts';
import { shortCommit } from './code-version.ts';
import {
  CLASSES,
  type Delivery,
  FleetCase,
  type FleetRun,
  findRun,
  jobIdOf,
  type Outcome,
  queueOfCases,
  queueOfRest,
  queueOfRows,
  type Rest,
  RUNS,
  readRuns,
} from './fleet-run.ts';
import { isAway, patiently, type QueueServer, reach } from './queue-server.ts';

export interface WorkOptions {
  readonly machineClass: string;
  readonly commit: string;
  /** By which `status` shows it. */
  readonly name: string;
  /** A worker that says nothing for so long is lost, ms. */
  readonly lostAfterMs: number;
  /** Ends once there is no case left, in place of waiting for more. */
  readonly untilEmpty: boolean;
  readonly measure: MeasureCase;
  readonly signal: AbortSignal;
  /** Told what a person should know, in a sentence each. */
  readonly say: (what: string) => void;
}

/**
 * Undefined when the signal ends it. `givenUp` is why the case is not to be measured but to end as an error. Throws InputError where
 * this machine can't measure the run, which another may.
 */
export type MeasureCase = (
  run: FleetRun,
  caseId: string,
  options: { readonly givenUp?: string; readonly signal: AbortSignal },
) => Promise<Outcome | undefined>;

/** A case that ended so many workers is not given to another. */
const MOST_LOST = 2;
const LOOK_EVERY_MS = 1000;
/** A server that is away takes no case back. */
const GOODBYE_MS = 3000;

/** Until the signal says so, or the queue is empty. Throws InputError where this machine can't measure what there is. */
export async function work(server: QueueServer, options: WorkOptions): Promise<void> {
  await patiently(() => announce(server, options), options.signal);
  await patiently(() => assertOwnCommit(server, options), options.signal);
  const { machineClass, commit, name, lostAfterMs } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let refusal: InputError | undefined;
  const runOf = rememberingRun(server);
  const outages = new Outages(server, { ...options, signal });
  const worker = server.worker(
    queueOfCases(machineClass, commit),
    async (job, token) => {
      try {
        await workOn(server, job, { ...options, runOf, signal });
      } catch (error) {
        if (error instanceof InputError) {
          refusal = error;
          stop.abort();
        } else if (!signal.aborted) throw error;
        await job.moveToWait(token);
        throw server.putBack();
      }
    },
    { name, lostAfterMs, onError: (error) => outages.hear(error) },
  );
  // At once, or it would take the next case before it is told to end.
  const closed = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(worker.close()), { once: true });
  });
  await ended(server, { ...options, signal });
  stop.abort();
  await Promise.race([closed, setTimeout(GOODBYE_MS, undefined, { ref: false })]);
  if (refusal !== undefined) throw refusal;
}

async function announce(server: QueueServer, { machineClass, commit }: WorkOptions): Promise<void> {
  const data = { machine_class: machineClass, commit };
  const jobId = queueOfCases(machineClass, commit);
  await (await server.queue(CLASSES)).addBulk([{ name: 'class', data, opts: { jobId } }]);
}

/** Throws InputError where only runs of other commits are left. */
async function assertOwnCommit(server: QueueServer, { machineClass, commit, say }: WorkOptions): Promise<void> {
  const unfinished: FleetRun[] = [];
  for (const run of await readRuns(server))
    if (run.machine_class === machineClass && (await countRows(server, run)) < run.cases) unfinished.push(run);
  const others = unfinished.filter(({ code }) => code.commit !== commit);
  const reasons = others.map(
    ({ manifest: { run_id }, code }) =>
      `${run_id} is of commit ${shortCommit(code.commit)}, and this checkout at ${shortCommit(commit)}`,
  );
  if (reasons.length > 0 && others.length === unfinished.length)
    throw new InputError(`fleet: worker must have the code of the run, got another: ${reasons.join('; ')}`);
  for (const reason of reasons) say(`leaves a run to others: ${reason}`);
}

async function countRows(server: QueueServer, { manifest }: FleetRun): Promise<number> {
  const queue = await server.queue(queueOfRows(manifest.run_id));
  const { waiting, prioritized } = await queue.getJobCounts('waiting', 'prioritized');
  return waiting + prioritized;
}

/** Resolves when the signal is aborted, or when no case waits or is measured by anybody. */
async function ended(server: QueueServer, { machineClass, commit, untilEmpty, signal }: WorkOptions): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  if (signal.aborted) return;
  if (!untilEmpty) return aborted;
  const queue = await server.queue(queueOfCases(machineClass, commit));
  while (!signal.aborted) {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed').catch(() => undefined);
    if (counts !== undefined && counts.waiting + counts.active + counts.delayed === 0) return;
    await Promise.race([aborted, setTimeout(LOOK_EVERY_MS)]);
  }
}

/** Returns when the case has its row. */
async function workOn(server: QueueServer, job: Job, options: WorkOptions & { readonly runOf: RunOf }): Promise<void> {
  const { measure, signal, say } = options;
  const { run_id, case_id } = FleetCase.parse(job.data);
  const ask = <T>(question: () => Promise<T>) => patiently(question, signal);
  const run = (await ask(() => isThere(server, run_id))) ? await ask(() => options.runOf(run_id)) : undefined;
  // Its run was dropped, or the case measured by a worker that did not get to say so.
  if (run === undefined || (await ask(() => hasRow(server, { run_id, case_id })))) return;
  const isLost = job.stalledCounter >= MOST_LOST;
  const givenUp = isLost
    ? `worker lost: ${job.stalledCounter} were, one after the other, while they had this case`
    : undefined;
  const outcome = await measure(run, case_id, { givenUp, signal });
  signal.throwIfAborted();
  if (outcome === undefined) throw new Error(`case: must be measured, got nothing of ${case_id}`);
  const { row, isFailure, ...rest } = outcome;
  const delivery: Delivery = {
    ...rest,
    samples: [...rest.samples] as Delivery['samples'],
    row: row && formatRow(row),
    id: randomUUID(),
    worker: options.name,
    case_id,
    delivered_at: new Date().toISOString(),
  };
  await ask(() => deliver(server, run, delivery, { isFailure, say }));
}

type RunOf = (runId: string) => Promise<FleetRun | undefined>;

/** A run names all of its cases, so it is read once for as long as they come one after the other. */
function rememberingRun(server: QueueServer): RunOf {
  let latest: FleetRun | undefined;
  return async (runId) => {
    if (latest?.manifest.run_id !== runId) latest = await findRun(server, runId);
    return latest;
  };
}

async function isThere(server: QueueServer, runId: string): Promise<boolean> {
  return (await (await server.queue(RUNS)).getJobState(runId)) !== 'unknown';
}

async function hasRow(server: QueueServer, fleetCase: FleetCase): Promise<boolean> {
  return (await (await server.queue(queueOfRows(fleetCase.run_id))).getJobState(jobIdOf(fleetCase))) !== 'unknown';
}

/** The server keeps the first row of a case; who comes later says so beside it. Rows that fail come first, and so are counted apart. */
async function deliver(
  server: QueueServer,
  { manifest: { run_id } }: FleetRun,
  delivery: Delivery,
  { isFailure, say }: { readonly isFailure: boolean; readonly say: WorkOptions['say'] },
): Promise<void> {
  const { id, worker, case_id, delivered_at } = delivery;
  // It was dropped meanwhile.
  if (!(await isThere(server, run_id))) return;
  const rows = await server.queue(queueOfRows(run_id));
  const jobId = jobIdOf({ run_id, case_id });
  const opts = isFailure ? { jobId, priority: 1 } : { jobId };
  await rows.addBulk([{ name: 'row', data: delivery, opts }]);
  const kept = (await rows.getJob(jobId))?.data as Delivery | undefined;
  if (kept === undefined || kept.id === id) return;
  const rest: Rest = { id, worker, case_id, delivered_at };
  await (await server.queue(queueOfRest(run_id))).addBulk([{ name: 'rest', data: rest, opts: { jobId: id } }]);
  say(`${case_id} has a row already, by ${kept.worker}: this one is passed over`);
}

/** Says once that the server is away, and once that it is back. */
class Outages {
  readonly #server: QueueServer;
  readonly #options: Pick<WorkOptions, 'signal' | 'say'>;
  #isAway = false;

  constructor(server: QueueServer, options: Pick<WorkOptions, 'signal' | 'say'>) {
    this.#server = server;
    this.#options = options;
  }

  hear(error: Error): void {
    const { address } = this.#server;
    if (isAway(error)) void this.#waitUntilBack();
    else if (!isLostLock(error) && !this.#isAway) this.#options.say(address.withoutPassword(`queue: ${error.message}`));
  }

  async #waitUntilBack(): Promise<void> {
    const { address } = this.#server;
    if (this.#isAway || this.#options.signal.aborted) return;
    this.#isAway = true;
    this.#options.say(`queue: lost ${address.name}; trying again`);
    const since = performance.now();
    for (let waitMs = 500; this.#isAway; waitMs = Math.min(30_000, 2 * waitMs)) {
      await setTimeout(waitMs, undefined, { ref: false });
      if (this.#options.signal.aborted) return;
      this.#isAway = await reach(address).then(
        () => false,
        () => true,
      );
    }
    this.#options.say(`queue: ${address.name} is back after ${Math.round((performance.now() - since) / 1000)} s`);
  }
}

/** A case that was given to another meanwhile; whose row comes later says so. */
function isLostLock({ message }: Error): boolean {
  return /missing lock|lock mismatch|could not renew lock|not in the active state|not active|Missing key for job/i.test(
    message,
  );
}
