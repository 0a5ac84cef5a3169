// Real servers of queues, each a process of its own on a free port, with a password, in a folder that goes with it.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { whyNoQueue } from '../bullmq.ts';
import { queueAddress } from '../queue-address.ts';
import { reach } from '../queue-server.ts';

export const serverKinds = ['redis', 'postgres'] as const;
export type ServerKind = (typeof serverKinds)[number];

export interface TrialServer {
  readonly url: string;
  /** Ends at once, as in a loss of power, and starts again after so long. */
  crash(awayMs: number): Promise<void>;
  /** Of all its processes, pages they share counted once, bytes. */
  memoryBytes(): number;
  stop(): Promise<void>;
}

/** Why there can't be one here; undefined where there can. */
export function whyNoServer(kind: ServerKind): string | undefined {
  return whyNoQueue() ?? (programOf(kind) === undefined ? `${kind}: not installed` : whyNotAsUser(kind));
}

/** PostgreSQL refuses to run as root. */
function whyNotAsUser(kind: ServerKind): string | undefined {
  return kind === 'postgres' && process.getuid?.() === 0 && postgresUser() === undefined
    ? 'postgres: must have a user postgres where tests run as root'
    : undefined;
}

/** Outside of the tests' own folder, which is closed to the user of PostgreSQL. */
const FOLDERS = '/tmp';

export async function startServer(kind: ServerKind, settings: readonly string[] = []): Promise<TrialServer> {
  const [port, password, folder] = [
    await freePort(),
    randomBytes(12).toString('hex'),
    mkdtempSync(join(FOLDERS, `tare-${kind}-`)),
  ];
  const { url, command, user } = kind === 'redis' ? redis(port, password, folder) : postgres(port, password, folder);
  const [program, ...args] = [...command, ...settings];
  let child = spawn(program, args, { stdio: 'ignore', ...user });
  // It must not outlive what started it.
  const end = () => child.kill('SIGKILL');
  process.on('exit', end);
  await untilReached(url);
  return {
    url,
    async crash(awayMs) {
      await killed(child);
      await setTimeout(awayMs);
      child = spawn(program, args, { stdio: 'ignore', ...user });
      await untilReached(url);
    },
    memoryBytes: () => processesOf(child.pid ?? 0).reduce((sum, pid) => sum + proportionalBytes(pid), 0),
    async stop() {
      process.off('exit', end);
      await killed(child);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function redis(port: number, password: string, folder: string) {
  const command = [programOf('redis') ?? '', '--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    command: [...command, '--requirepass', password, '--appendonly', 'yes', '--save', ''],
    user: {},
  };
}

function postgres(port: number, password: string, folder: string) {
  const program = programOf('postgres') ?? '';
  const user = process.getuid?.() === 0 ? postgresUser() : undefined;
  const [secret, data] = [join(folder, 'password'), join(folder, 'data')];
  writeFileSync(secret, password);
  chmodSync(folder, 0o700);
  if (user !== undefined) for (const path of [folder, secret]) chownSync(path, user.uid, user.gid);
  const words = [
    '-D',
    data,
    '-U',
    'tare',
    `--pwfile=${secret}`,
    '-A',
    'scram-sha-256',
    '--no-sync',
    '--locale=C',
    '-E',
    'UTF8',
  ];
  execFileSync(program.replace(/postgres$/, 'initdb'), words, { stdio: 'pipe', cwd: folder, ...user });
  return {
    url: `postgres://tare:${password}@127.0.0.1:${port}/postgres`,
    command: [program, '-D', data, '-p', `${port}`, '-k', folder, '-c', 'listen_addresses=127.0.0.1'],
    user: { cwd: folder, ...user },
  };
}

function postgresUser(): { uid: number; gid: number } | undefined {
  const line = existsSync('/etc/passwd') && /^postgres:[^:]*:(\d+):(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : undefined;
}

/** Debian keeps PostgreSQL's programs apart, a folder a version. */
function programOf(kind: ServerKind): string | undefined {
  const inPath = (process.env.PATH ?? '').split(delimiter);
  const versions = '/usr/lib/postgresql';
  const apart = existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : [];
  const name = kind === 'redis' ? 'redis-server' : 'postgres';
  return [...inPath, ...(kind === 'postgres' ? apart : [])]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('port: must be one');
  return address.port;
}

const LONGEST_START_MS = 30_000;

async function untilReached(url: string): Promise<void> {
  const address = queueAddress({ TARE_QUEUE: url });
  for (const since = performance.now(); ; ) {
    try {
      await reach(address);
      return;
    } catch (error) {
      if (performance.now() - since > LONGEST_START_MS) throw error;
      await setTimeout(50);
    }
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // PostgreSQL's own processes notice by themselves that the first of them is gone.
  const others = processesOf(child.pid ?? 0).filter((pid) => pid !== child.pid);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  while (others.some((pid) => existsSync(`/proc/${pid}`))) await setTimeout(20);
}

function processesOf(pid: number): number[] {
  const { stdout = '' } = spawnSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' });
  return [
    pid,
    ...stdout
      .split('\n')
      .map(Number)
      .filter((child) => child > 0),
  ];
}

function proportionalBytes(pid: number): number {
  try {
    return 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
