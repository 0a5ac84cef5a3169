// BullMQ and the drivers of its two servers lie in a folder of their own, `.peers/queue`, so that nobody has to download them who
// hands out no cases.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import { optionalParts } from '../contract/optional-parts.ts';
import { setupLine } from '../contract/typed-lines.ts';

const QUEUE_DIR = join(import.meta.dirname, '../../.peers/queue');

/** The part of BullMQ that is used here. */
interface BullMq {
  readonly Queue: QueueClass;
  readonly Worker: WorkerClass;
  /** A worker's own word that it has put a job back. */
  readonly WaitingError: new () => Error;
  readonly createPostgresBackend: unknown;
  readonly DEFAULT_SCHEMA: string;
  runMigrations(client: PostgresClient, schema: string): Promise<void>;
  withBackend(backend: unknown): { readonly Queue: QueueClass; readonly Worker: WorkerClass };
}

export type QueueClass = new (name: string, options: object) => Queue;
export type WorkerClass = new (name: string, work: WorkOnJob, options: object) => Worker;
export type WorkOnJob = (job: Job, token: string) => Promise<void>;

export interface Job {
  readonly id: string;
  readonly data: unknown;
  /** Name of the worker that has it. */
  readonly processedBy?: string;
  /** Milliseconds since 1970. */
  readonly processedOn?: number;
  /** How many workers were lost while they had it. */
  readonly stalledCounter: number;
  moveToWait(token: string): Promise<unknown>;
  remove(): Promise<void>;
}

export interface JobToAdd {
  readonly name: string;
  readonly data: unknown;
  readonly opts: {
    /** A second job of the same id is not added. */
    readonly jobId: string;
    readonly priority?: number;
    readonly attempts?: number;
    readonly backoff?: { readonly type: 'fixed'; readonly delay: number };
    readonly removeOnComplete?: boolean;
  };
}

export type JobState = 'waiting' | 'prioritized' | 'active' | 'delayed' | 'failed';

export interface Queue {
  waitUntilReady(): Promise<unknown>;
  addBulk(jobs: readonly JobToAdd[]): Promise<unknown>;
  getJob(id: string): Promise<Job | undefined>;
  /** `unknown` where there is none. */
  getJobState(id: string): Promise<string>;
  getJobs(states: readonly JobState[]): Promise<Job[]>;
  getJobCounts(...states: readonly JobState[]): Promise<Record<JobState, number>>;
  getWorkers(): Promise<{ readonly rawname: string }[]>;
  obliterate(options: { readonly force: true }): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): this;
  close(): Promise<void>;
}

export interface Worker {
  on(event: 'error', listener: (error: Error) => void): this;
  close(force?: boolean): Promise<void>;
}

/** The part of ioredis that is used here. */
export interface RedisClient {
  connect(): Promise<void>;
  info(): Promise<string>;
  on(event: 'error', listener: (error: Error) => void): this;
  disconnect(): void;
}

/** The part of pg that is used here. */
export interface PostgresClient {
  connect(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): this;
  end(): Promise<void>;
}

export interface PostgresPool {
  connect(): Promise<PostgresClient & { release(): void }>;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'connect', listener: (client: PostgresClient) => void): this;
  setMaxListeners(most: number): this;
  end(): Promise<void>;
}

export interface Drivers {
  readonly bullmq: BullMq;
  readonly Redis: new (url: string, options: object) => RedisClient;
  readonly PostgresClient: new (options: object) => PostgresClient;
  readonly PostgresPool: new (options: object) => PostgresPool;
}

/** Why cases can't be handed out here, and how to mend it; undefined where all is installed. */
export function whyNoQueue(folder: string = QUEUE_DIR): string | undefined {
  const from = createRequire(join(folder, 'package.json'));
  const missing = optionalParts.fleet.packages.filter((name) => !isInstalled(from, name));
  if (missing.length === 0) return undefined;
  return `fleet: BullMQ and its drivers must be installed, got no ${missing.join(', ')}; ${setupLine('fleet')} brings them (17 MB)`;
}

function isInstalled(from: NodeJS.Require, name: string): boolean {
  try {
    from.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Throws InputError where they are not installed. */
export function loadDrivers(): Drivers {
  const reason = whyNoQueue();
  if (reason !== undefined) throw new InputError(reason);
  const load = createRequire(join(QUEUE_DIR, 'package.json'));
  const { Client, Pool } = load('pg');
  return { bullmq: load('bullmq'), Redis: load('ioredis').Redis, PostgresClient: Client, PostgresPool: Pool };
}
