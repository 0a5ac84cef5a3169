// A load that comes and goes, as a neighbour on a shared machine does.
import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { moduleFile } from '../../contract/module-file.ts';
import type { Random } from '../../statistics/random.ts';

/** Shortest and longest, s. */
const BUSY_S = [20, 60] as const;
const QUIET_S = [15, 45] as const;

/** Does the work while spells with a busy core and spells without alternate; the first spell is drawn too. */
export async function besideSpells<T>(random: Random, work: () => Promise<T>): Promise<T> {
  const end = new AbortController();
  const spells = alternate(random, end.signal);
  try {
    return await work();
  } finally {
    end.abort();
    await spells;
  }
}

async function alternate({ uniform }: Random, signal: AbortSignal): Promise<void> {
  for (let isBusy = uniform() < 0.5; !signal.aborted; isBusy = !isBusy) {
    const [shortest, longest] = isBusy ? BUSY_S : QUIET_S;
    const spellMs = (shortest + uniform() * (longest - shortest)) * 1000;
    const neighbour = isBusy
      ? spawn(process.execPath, [moduleFile('./busy-core.ts', import.meta.filename)])
      : undefined;
    await setTimeout(spellMs, undefined, { signal }).catch(() => {});
    neighbour?.kill('SIGKILL');
  }
}
