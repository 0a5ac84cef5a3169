// The server that holds the queues, Redis or PostgreSQL, behind what BullMQ makes of both.
import { setTimeout } from 'node:timers/promises';
import { InputError } from '../contract/input-error.ts';
import { type Drivers, loadDrivers, type Queue, type QueueClass, type Worker, type WorkOnJob } from './bullmq.ts';
import type { QueueAddress } from './queue-address.ts';

export interface QueueServer {
  readonly address: QueueAddress;
  /** Opened once. */
  queue(name: string): Promise<Queue>;
  /** Takes one job at a time; what goes wrong between it and the server is told to `onError`. */
  worker(queue: string, work: WorkOnJob, options: WorkerOptions): Worker;
  /** What a worker throws when it has put a job back. */
  putBack(): Error;
  close(): Promise<void>;
}

export interface WorkerOptions {
  readonly name: string;
  /** A worker that says nothing for so long is lost, ms. */
  readonly lostAfterMs: number;
  readonly onError: (error: Error) => void;
}

/** Of all keys in Redis; in PostgreSQL BullMQ has a schema of its own. */
const NAMESPACE = 'tare';
const CONNECT_TIMEOUT_MS = 5000;
/** Between two tries to reach the server again. */
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [250, 5000];

/** `patient` servers wait for one that is away; others say so. Throws InputError where it can't be reached. */
export async function openQueueServer(
  address: QueueAddress,
  options: { readonly patient: boolean },
): Promise<QueueServer> {
  const drivers = loadDrivers();
  await reach(address, drivers);
  return address.kind === 'redis' ? onRedis(address, drivers, options) : await onPostgres(address, drivers);
}

function onRedis(
  address: QueueAddress,
  { bullmq, Redis }: Drivers,
  { patient }: { readonly patient: boolean },
): QueueServer {
  const connection = new Redis(address.url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: patient ? null : 1,
    retryStrategy: (tries: number) => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 10)),
  });
  // BullMQ tells of them too.
  connection.on('error', () => {});
  return serverOf(address, bullmq, { ...bullmq, connection, close: async () => connection.disconnect() });
}

/** All queues share a few connections; a worker keeps one of them to be told of new cases. */
const MOST_CONNECTIONS = 4;

async function onPostgres(address: QueueAddress, { bullmq, PostgresPool }: Drivers): Promise<QueueServer> {
  const { DEFAULT_SCHEMA: schema } = bullmq;
  const pool = new PostgresPool({
    connectionString: address.url,
    max: MOST_CONNECTIONS,
    options: `-c search_path=${schema}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  pool.setMaxListeners(0);
  // What was being asked is rejected too; a client that nobody listens to would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const client = await pool.connect();
  await bullmq.runMigrations(client, schema).finally(() => client.release());
  const classes = bullmq.withBackend(bullmq.createPostgresBackend);
  return serverOf(address, bullmq, { ...classes, connection: pool, close: () => pool.end() });
}

interface Connected {
  readonly Queue: QueueClass;
  readonly Worker: Drivers['bullmq']['Worker'];
  readonly connection: object;
  close(): Promise<void>;
}

function serverOf(address: QueueAddress, { WaitingError }: Drivers['bullmq'], connected: Connected): QueueServer {
  const { Queue, Worker, connection, close } = connected;
  const open = new Map<string, Promise<Queue>>();
  const begin = async (name: string) => {
    const queue = new Queue(name, { connection, prefix: NAMESPACE });
    // What was asked when it went wrong is rejected too.
    queue.on('error', () => {});
    await queue.waitUntilReady();
    return queue;
  };
  return {
    address,
    queue(name) {
      const opened = open.get(name) ?? begin(name);
      open.set(name, opened);
      opened.catch(() => open.delete(name));
      return opened;
    },
    worker(queue, work, { name, lostAfterMs, onError }) {
      const worker = new Worker(queue, work, {
        connection,
        prefix: NAMESPACE,
        name,
        concurrency: 1,
        lockDuration: lostAfterMs,
        // Workers look in turn, and the one with the longest time says how seldom.
        stalledInterval: lostAfterMs / 2,
        // tare counts for itself how many workers a case has cost.
        maxStalledCount: 1_000_000,
        runRetryDelay: 1000,
      });
      worker.on('error', onError);
      return worker;
    },
    putBack: () => new WaitingError(),
    async close() {
      for (const queue of open.values()) await queue.then((opened) => opened.close()).catch(() => {});
      await close();
    },
  };
}

/** Connects once, and gives what a person should know of the server. Throws InputError where that fails. */
export async function reach(address: QueueAddress, drivers: Drivers = loadDrivers()): Promise<readonly string[]> {
  try {
    return await (address.kind === 'redis' ? askRedis(address, drivers) : askPostgres(address, drivers));
  } catch (error) {
    throw new InputError(address.withoutPassword(`TARE_QUEUE: ${rule(error as ServerError)} at ${address.name}`));
  }
}

async function askRedis({ url, name }: QueueAddress, { Redis }: Drivers): Promise<string[]> {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS, retryStrategy: () => null });
  // ioredis rejects with no more than that the connection is closed, and tells the reason here.
  let reason: Error | undefined;
  client.on('error', (error) => {
    reason ??= error;
  });
  try {
    await client.connect();
    return notesOfRedis(await client.info(), name);
  } catch (error) {
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}

function notesOfRedis(info: string, name: string): string[] {
  const notes: string[] = [];
  if (/^aof_enabled:0/m.test(info))
    notes.push(
      `${name} keeps nothing when it is restarted but what it last dumped: appendonly yes, in redis.conf, keeps all`,
    );
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  if (policy !== 'noeviction')
    notes.push(`${name} throws rows away when its memory is full: maxmemory-policy must be noeviction, got ${policy}`);
  return notes;
}

async function askPostgres({ url }: QueueAddress, { PostgresClient }: Drivers): Promise<string[]> {
  const client = new PostgresClient({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    return [];
  } finally {
    await client.end().catch(() => {});
  }
}

interface ServerError extends Error {
  readonly code?: string;
}

/** Codes of PostgreSQL: a wrong password, and a user that may not come in at all. */
const REFUSED = ['28P01', '28000'];
const NO_DATABASE = '3D000';

function rule({ code = '', message }: ServerError): string {
  if (REFUSED.includes(code) || /WRONGPASS|NOAUTH|invalid password|without any password/.test(message))
    return 'user and password must be the right ones, got refused';
  if (code === NO_DATABASE) return 'database must be there, got none';
  return `server must be reachable, got ${code || message}`;
}

/** What goes wrong because the server is away, and goes away with it: of the system, of PostgreSQL's shutdown and start, of drivers. */
const AWAY =
  /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET|57P0|08)|Connection (is closed|terminated|ended)|connection timeout|timeout exceeded when trying to connect|LOADING|Socket closed/;

export function isAway(error: unknown): boolean {
  const { code = '', message } = error as ServerError;
  return AWAY.test(code) || AWAY.test(message) || /ECONN(REFUSED|RESET)/.test(message);
}

/** Asks again for as long as the server is away. Rejects as the signal's abort. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error)) throw error;
      await setTimeout(waitMs, undefined, { signal });
    }
  }
}
