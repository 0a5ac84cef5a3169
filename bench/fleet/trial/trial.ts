// Workers are killed in the middle of their cases, the server crashes, a worker falls silent: what comes of the cases of a run.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { moduleFile } from '../../contract/module-file.ts';
import { readRows } from '../../results/csv.ts';
import { type Collected, collect } from '../collect.ts';
import { enqueue } from '../enqueue.ts';
import { queueAddress } from '../queue-address.ts';
import { openQueueServer } from '../queue-server.ts';
import { DEADLY, DEAFENING, FAKE, FATAL, type FakeWorker, fakeRun, UNREACHABLE } from './fake-cases.ts';
import type { TrialServer } from './servers.ts';

export interface Trial {
  readonly workers: number;
  readonly cases: number;
  readonly caseMs: number;
  /** Cases in whose middle their first worker is killed, and replaced. */
  readonly kills: number;
  /** Times the server crashes meanwhile. */
  readonly crashes: number;
  readonly lostAfterMs: number;
  /** Where the rows are collected. */
  readonly folder: string;
}

export interface TrialOutcome {
  readonly collected: Collected;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Reasons by case. */
  readonly errors: Readonly<Record<string, string | undefined>>;
  /** Of workers; the case that is given up takes two of them. */
  readonly kills: number;
  readonly tookS: number;
  /** What workers said. */
  readonly said: readonly string[];
}

/** The server after a crash. */
const AWAY_MS = 500;

export async function tryFleet(server: TrialServer, trial: Trial): Promise<TrialOutcome> {
  const { cases, folder, kills, crashes } = trial;
  const usual = Array.from({ length: cases - kills - 2 }, (_, i) => `case ${i}`);
  const fatal = Array.from({ length: kills }, (_, i) => `${FATAL} ${i}`);
  // At the end, when nothing else happens to whoever has them.
  const ids = [...mixed(usual, fatal), DEAFENING, DEADLY];
  const run = fakeRun('2031-01-01T00-00-00-0000', ids);
  const since = performance.now();
  const queue = await openQueueServer(queueAddress({ TARE_QUEUE: server.url }), { patient: true });
  await enqueue(queue, run);
  const crew = new Crew(server.url, trial);
  for (let crash = 1; crash <= crashes; crash++) {
    await crew.killed(Math.floor((crash * kills) / (crashes + 1)));
    await server.crash(AWAY_MS);
  }
  await crew.gone();
  const collected = await collect(queue, run, folder);
  await queue.close();
  const rows = collected.path === undefined ? [] : readRows(collected.path);
  const found = rows.map(({ case_id = '' }) => case_id);
  return {
    collected,
    lost: ids.filter((id) => !found.includes(id)),
    doubled: found.filter((id, i) => found.indexOf(id) !== i),
    errors: Object.fromEntries(
      rows.filter(({ status }) => status !== 'ok').map(({ case_id, reason }) => [case_id, reason]),
    ),
    kills: crew.kills,
    tookS: (performance.now() - since) / 1000,
    said: crew.said,
  };
}

/** Evenly, in the order of both. */
function mixed(many: readonly string[], few: readonly string[]): string[] {
  const each = Math.ceil(many.length / (few.length + 1));
  return [...few, ''].flatMap((one, i) => [...many.slice(i * each, (i + 1) * each), ...(one === '' ? [] : [one])]);
}

const WORKER = moduleFile('./fake-worker.ts', import.meta.filename);
const LOOK_EVERY_MS = 20;

/** As many workers as the trial has, each replaced when it is killed, until one after the other finds nothing left to do. */
class Crew {
  readonly #url: string;
  readonly #trial: Trial;
  readonly #ends: Promise<void>[] = [];
  kills = 0;
  readonly said: string[] = [];

  constructor(url: string, trial: Trial) {
    this.#url = url;
    this.#trial = trial;
    for (let i = 0; i < trial.workers; i++) this.#start();
  }

  #start(): void {
    const { lostAfterMs, caseMs, folder } = this.#trial;
    const name = `worker-${this.#ends.length + 1}`;
    const asked: FakeWorker = { ...FAKE, name, lostAfterMs, caseMs, folder, untilEmpty: true };
    const child = spawn(process.execPath, [WORKER, JSON.stringify(asked)], {
      env: { ...process.env, TARE_QUEUE: this.#url },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    // It must not outlive the trial.
    const end = () => child.kill('SIGKILL');
    process.on('exit', end);
    child.once('close', () => process.off('exit', end));
    createInterface(child.stderr).on('line', (line) => this.said.push(`${name}: ${line}`));
    const ended = this.#end(child);
    // Waited for below, one after the other.
    ended.catch(() => {});
    this.#ends.push(ended);
  }

  async #end(child: ChildProcess): Promise<void> {
    const [code, signal] = await once(child, 'close');
    if (signal === 'SIGKILL') {
      this.kills++;
      this.#start();
    } else if (code === UNREACHABLE) this.#start();
    else if (code !== 0) throw new Error(`worker: must end well, got ${code ?? signal}: ${this.said.join('; ')}`);
  }

  /** Once so many workers have been. */
  async killed(count: number): Promise<void> {
    while (this.kills < count) await setTimeout(LOOK_EVERY_MS);
  }

  /** Workers that are replaced make others to wait for. */
  async gone(): Promise<void> {
    for (let i = 0; i < this.#ends.length; i++) await this.#ends[i];
  }
}
