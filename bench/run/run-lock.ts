// One tare at a time writes a run: <run>.lock names the process that does.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { InputError } from '../contract/input-error.ts';

/** Takes the lock and gives what releases it. Throws InputError while another live process holds it. */
export function lockRun(path: string): () => void {
  const holder = liveHolder(path);
  if (holder !== undefined) {
    throw new InputError(`--resume: a run must be at rest, got one that process ${holder} is working on`);
  }
  rmSync(path, { force: true });
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
  } catch (error) {
    throw new InputError(
      `--out: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
  return () => rmSync(path, { force: true });
}

/** The process that holds the lock; undefined where there is none or it has ended. */
export function liveHolder(path: string): number | undefined {
  try {
    const holder = Number(readFileSync(path, 'utf8'));
    return holder > 0 && isAlive(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
