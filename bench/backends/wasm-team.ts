// The threads of one kernel. Work is handed over through shared memory that the workers spin on, which costs about a
// microsecond; a thread that waits for long goes to sleep and is woken.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Exports, instantiate } from './wasm-instance.ts';

export interface Team {
  run(name: string, count: number, ...args: number[]): void;
  close(): void;
}

/** Places in the control block, all int32. Arguments follow ARGS. */
export const SEQUENCE = 0;
export const DONE = 1;
export const FAILED = 2;
export const FUNCTION = 3;
export const COUNT = 4;
export const ARGS_LENGTH = 5;
export const ARGS = 6;
const MAX_ARGS = 24;

export interface TeamMember {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Names of the exports, in the order FUNCTION counts them. */
  readonly names: readonly string[];
  readonly index: number;
  readonly threads: number;
}

/** First item of a thread's share of [0, count). */
export function shareStart(count: number, index: number, threads: number): number {
  return Math.floor((count * index) / threads);
}

export async function startTeam(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  threads: number,
): Promise<Team> {
  const exports = instantiate(module, memory);
  if (threads === 1) return { run: (name, count, ...args) => exports[name](0, count, ...args), close() {} };
  const names = Object.keys(exports);
  const control = new Int32Array(new SharedArrayBuffer(4 * (ARGS + MAX_ARGS)));
  const member: Omit<TeamMember, 'index'> = { module, memory, control, names, threads };
  const workers = Array.from({ length: threads - 1 }, (_, i) => {
    const workerData: TeamMember = { ...member, index: i + 1 };
    return new Worker(new URL('./wasm-worker.ts', import.meta.url), { workerData });
  });
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  for (const worker of workers) worker.unref();
  return {
    run: (name, count, ...args) => handOver(exports, names, control, threads, name, count, args),
    close: () => {
      for (const worker of workers) void worker.terminate();
    },
  };
}

function handOver(
  exports: Exports,
  names: readonly string[],
  control: Int32Array<SharedArrayBuffer>,
  threads: number,
  name: string,
  count: number,
  args: readonly number[],
): void {
  control[FUNCTION] = names.indexOf(name);
  control[COUNT] = count;
  control[ARGS_LENGTH] = args.length;
  control.set(args, ARGS);
  Atomics.store(control, DONE, 0);
  Atomics.add(control, SEQUENCE, 1);
  Atomics.notify(control, SEQUENCE);
  exports[name](0, shareStart(count, 1, threads), ...args);
  for (let done = 0; done < threads - 1; ) done = spinWhile(control, DONE, done);
  if (Atomics.load(control, FAILED) !== 0) throw new Error(`wasm: ${name} must not trap in a worker`);
}

/** Looks at the control block before a thread goes to sleep: about 0.1 ms, longer than any pause between timed calls. */
const SPINS = 20_000;

/**
 * Returns what stands at `place` once it is no longer `value`. A thread that spun for ever would hold a core that, on a
 * busy machine, the thread it waits for may need.
 */
export function spinWhile(control: Int32Array<SharedArrayBuffer>, place: number, value: number): number {
  for (let spins = 0; ; spins++) {
    const found = Atomics.load(control, place);
    if (found !== value) return found;
    if (spins > SPINS) Atomics.wait(control, place, value);
  }
}
