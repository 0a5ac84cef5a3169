// One night at a time in one history, wherever its folder is seen from. A process in another container, on another machine or of
// an earlier boot can't be looked up by its id, so whoever holds the lock touches it now and then, and a lock from elsewhere that
// nobody touches for long enough is stepped over. No two clocks are compared.
import { readFileSync, readlinkSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { InputError } from '../contract/input-error.ts';
import { type Lock, takeLock } from '../run/lock.ts';

export interface Beat {
  readonly everyMs: number;
  /** Without a beat for so long the holder is gone: longer than any work that holds up its timers. */
  readonly goneAfterMs: number;
}

const BEAT: Beat = { everyMs: 5_000, goneAfterMs: 60_000 };

export interface NightLockOptions {
  readonly signal: AbortSignal;
  /** Told what takes a while. */
  readonly say: (what: string) => void;
  readonly where?: string;
  readonly beat?: Beat;
}

/** Gives what releases the lock, or who holds it. Rejects as the signal's abort; throws InputError on a folder that can't be written. */
export async function lockNight(path: string, options: NightLockOptions): Promise<Lock> {
  const { where = whereProcessesAre(), beat = BEAT, say, signal } = options;
  const gone = new Set<string>();
  for (;;) {
    const lock = take(path, where, gone);
    if (lock.release !== undefined) return keptAlive(path, lock.release, beat);
    const { holder } = lock;
    if (holder.where === undefined || holder.where === where) return lock;
    say(`a lock from elsewhere (${holder.where.split(' ')[0]}): waiting for a sign of life`);
    if (await isTouched(path, beat, signal)) return lock;
    gone.add(holder.token);
  }
}

function take(path: string, where: string, gone: ReadonlySet<string>): Lock {
  try {
    return takeLock(path, { where, gone });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`--history: must be a folder tare can write, got ${code} at ${path}`);
  }
}

function keptAlive(path: string, release: () => void, { everyMs }: Beat): Lock {
  const timer = setInterval(() => touch(path), everyMs).unref();
  return {
    release: () => {
      clearInterval(timer);
      release();
    },
  };
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Somebody took the lock away, which is found out on release.
  }
}

/** Whether the lock is touched, replaced or given back while one watches. */
async function isTouched(path: string, { everyMs, goneAfterMs }: Beat, signal: AbortSignal): Promise<boolean> {
  const first = touchedAt(path);
  for (let waitedMs = 0; waitedMs < goneAfterMs; waitedMs += everyMs) {
    await setTimeout(everyMs, undefined, { signal });
    if (touchedAt(path) !== first) return true;
  }
  return false;
}

function touchedAt(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.ino} ${stats.mtimeMs}`;
}

/** The machine, its boot, and the container as far as it has process ids of its own. */
function whereProcessesAre(): string {
  const boot = tryTo(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  return [hostname(), boot, tryTo(() => readlinkSync('/proc/self/ns/pid'))].join(' ');
}

function tryTo(read: () => string): string {
  try {
    return read();
  } catch {
    return '-';
  }
}
