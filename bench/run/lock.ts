// One process at a time: a lock is a file that names the process that holds it. What a process left that is gone, killed or
// of an earlier boot, is stepped over, though its id may be another's by now: a process is known by its start too.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';

const Holder = z.object({
  pid: z.number().int().positive(),
  /** Of the process, in words that no other process of the same id shares. */
  start: z.string(),
  /** When the lock was taken, ISO 8601. */
  since: z.string(),
  /** Tells locks of one process apart. */
  token: z.string(),
  /** The machine, its boot and its process ids, as of a container, where the lock may be met from another. */
  where: z.string().optional(),
});

export type Holder = z.infer<typeof Holder>;

/** What taking a lock comes to: `release` gives it back, `holder` has it. */
export type Lock =
  | { readonly release: () => void; readonly holder?: undefined }
  | { readonly release?: undefined; readonly holder: Holder };

/** For locks that may be met from where their holder's process can't be seen. */
export interface Elsewhere {
  readonly where: string;
  /** Tokens of locks from elsewhere whose holders are known to be gone; those of all others are held to live. */
  readonly gone: ReadonlySet<string>;
}

/** Throws what the system says where the folder can't be written. */
export function takeLock(path: string, elsewhere?: Elsewhere): Lock {
  for (;;) {
    const own = place(path, elsewhere?.where);
    if (own !== undefined) return { release: () => read(path) === own && rmSync(path, { force: true }) };
    const seen = read(path);
    if (seen === undefined) continue;
    const holder = runningHolder(seen, elsewhere);
    if (holder !== undefined) return { holder };
    const guard = takeLock(`${path}.stale`);
    // Another process is stepping over it and comes first.
    if (guard.release === undefined) return guard;
    // Only who holds the guard takes away what is stale, so it is still the lock that was seen, or none.
    if (read(path) === seen) rmSync(path, { force: true });
    guard.release();
  }
}

/** Who holds the lock; undefined where nobody does, or where it is not ours to read. */
export function liveHolder(path: string): Holder | undefined {
  return runningHolder(readOrNone(path) ?? '');
}

const LOOK_EVERY_MS = 200;

/** Waits for the lock, and says once for each holder who has it. Rejects as the signal's abort. */
export async function withLock<T>(
  path: string,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (text: string) => void },
  work: () => Promise<T>,
): Promise<T> {
  let lock = takeLock(path);
  let said: string | undefined;
  while (lock.release === undefined) {
    if (said !== lock.holder.token) say(`waiting for ${describeHolder(lock.holder)}, which holds ${path}`);
    said = lock.holder.token;
    await setTimeout(LOOK_EVERY_MS, undefined, { signal });
    lock = takeLock(path);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

export function describeHolder({ pid, since }: Holder): string {
  return `process ${pid} (since ${since.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')})`;
}

/** What the lock holds now that it is this process's; undefined where there is one already. */
function place(path: string, where?: string): string | undefined {
  const token = randomUUID();
  const [start, since] = [startOf(process.pid) ?? '', new Date().toISOString()];
  const content = JSON.stringify({ pid: process.pid, start, since, token, where } satisfies Holder);
  const aside = `${path}.${token}`;
  writeFileSync(aside, content);
  try {
    // A link is made whole or not at all: no other process finds half a lock.
    linkSync(aside, path);
    return content;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return undefined;
    if (!WITHOUT_LINKS.includes(code ?? '')) throw error;
    return create(path, content);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** What file systems say that have no links, as those of memory sticks and some shared folders. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

function create(path: string, content: string): string | undefined {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/** undefined where there is none. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** undefined for what no tare has written whole, and where the process is gone. */
function runningHolder(text: string, elsewhere?: Elsewhere): Holder | undefined {
  const holder = parse(text);
  if (elsewhere !== undefined && holder?.where !== undefined && holder.where !== elsewhere.where)
    return elsewhere.gone.has(holder.token) ? undefined : holder;
  return holder !== undefined && startOf(holder.pid) === holder.start ? holder : undefined;
}

function parse(text: string): Holder | undefined {
  try {
    return Holder.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * When the process started, in words; undefined where there is none of this id. Linux counts it in ticks from a boot that has
 * an id; a process of another boot, or another container's that went, has another start. Elsewhere `ps` tells the second.
 */
export function startOf(pid: number): string | undefined {
  const boot = readOrNone('/proc/sys/kernel/random/boot_id')?.trim();
  if (boot === undefined) return startAsPsTells(pid);
  const stat = readOrNone(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything; behind it come field 3, the state, and field 22, the start.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const isGone = fields === undefined || 'ZX'.includes(fields[0]);
  return isGone ? undefined : `boot ${boot} tick ${fields[22 - 3]}`;
}

function readOrNone(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function startAsPsTells(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  try {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    return execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { env, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
