// One tare at a time writes a run: <run>.lock names the process that does.
import { InputError } from '../contract/input-error.ts';
import { describeHolder, type Lock, takeLock } from './lock.ts';

/** Takes the lock and gives what releases it. Throws InputError while another live process holds it. */
export function lockRun(path: string): () => void {
  const { release, holder } = take(path);
  if (release !== undefined) return release;
  throw new InputError(`--resume: a run must be at rest, got one that ${describeHolder(holder)} is working on`);
}

function take(path: string): Lock {
  try {
    return takeLock(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`--out: must be a folder tare can write, got ${code} at ${path}`);
  }
}
