// The threads of one kernel: the caller's own and workers beside it.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { InputError } from '../contract/input-error.ts';
import { type Exports, instantiate } from './wasm-instance.ts';
import { type Control, MAX_SHARES, newControl, offerJob, runShare, takeShares, waitUntilDone } from './wasm-job.ts';

export interface Team {
  run(name: string, count: number, ...args: number[]): void;
  close(): void;
}

/** What a worker is started with. */
export interface TeamMember {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: Control;
}

export async function startTeam(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  threads: number,
): Promise<Team> {
  if (threads > MAX_SHARES) throw new InputError(`--threads: must be at most ${MAX_SHARES}, got ${threads}`);
  const exports = instantiate(module, memory);
  const alone = (name: string, count: number, ...args: number[]) => exports[name](0, count, ...args);
  if (threads === 1) return { run: alone, close() {} };
  const control = newControl();
  const workerData: TeamMember = { module, memory, control };
  const workers = Array.from(
    { length: threads - 1 },
    () => new Worker(new URL('./wasm-worker.ts', import.meta.url), { workerData }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  for (const worker of workers) worker.unref();
  const names = Object.keys(exports);
  return {
    run(name, count, ...args) {
      if (count === 1) alone(name, count, ...args);
      else runShared(exports, names, control, Math.min(count, threads), name, count, args);
    },
    close: () => {
      for (const worker of workers) void worker.terminate();
    },
  };
}

function runShared(
  exports: Exports,
  names: readonly string[],
  control: Control,
  shares: number,
  name: string,
  count: number,
  args: readonly number[],
): void {
  offerJob(control, names.indexOf(name), count, shares, args);
  runShare(control, exports, names, shares - 1);
  takeShares(control, exports, names);
  if (!waitUntilDone(control)) throw new Error(`wasm: ${name} must not trap`);
}
