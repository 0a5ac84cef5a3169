// The threads of an arena: the caller's own and workers beside it.
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { InputError } from '../contract/input-error.ts';
import { moduleFile } from '../contract/module-file.ts';
import type { Team } from './wasm-arena.ts';
import { type Export, instantiate, newTable } from './wasm-instance.ts';
import {
  announceFunctions,
  type Control,
  MAX_SHARES,
  newControl,
  offerJob,
  runShare,
  takeShares,
  waitUntilDone,
} from './wasm-job.ts';
import { CONTROL_ADDRESS } from './wasm-memory.ts';

/** What a worker is started with. */
export interface TeamMember {
  readonly memory: WebAssembly.Memory;
  readonly control: Control;
  /** Brings modules, in the order in which their exports follow one another in the table of functions. */
  readonly modules: MessagePort;
}

export async function startTeam(memory: WebAssembly.Memory, threads: number): Promise<Team> {
  if (threads > MAX_SHARES) throw new InputError(`--threads: must be at most ${MAX_SHARES}, got ${threads}`);
  // The memory is shared, and its type does not tell a shared buffer from another: hence the cast.
  const control = newControl(memory.buffer as unknown as SharedArrayBuffer, CONTROL_ADDRESS);
  const members = Array.from({ length: threads - 1 }, () => startMember(memory, control));
  await Promise.all(members.map(({ worker }) => once(worker, 'message')));
  for (const { worker } of members) worker.unref();
  const functions: Export[] = [];
  const callable = newTable();
  const table = (index: number) => functions[index];
  return {
    add(module) {
      const exports = instantiate(module, memory, callable);
      const first = functions.length;
      const names = Object.keys(exports);
      functions.push(...Object.values(exports));
      for (const { modules } of members) modules.postMessage(module);
      announceFunctions(control, functions.length);
      return (name, count, ...args) => {
        if (count === 1 || threads === 1) return exports[name](0, count, ...args);
        const shares = Math.min(count, threads);
        offerJob(control, first + names.indexOf(name), count, shares, args);
        runShare(control, table, shares - 1);
        takeShares(control, table);
        if (!waitUntilDone(control)) throw new Error(`wasm: ${name} must not trap`);
      };
    },
    close() {
      for (const { worker } of members) void worker.terminate();
    },
  };
}

function startMember(memory: WebAssembly.Memory, control: Control) {
  const { port1: modules, port2 } = new MessageChannel();
  const workerData: TeamMember = { memory, control, modules: port2 };
  const worker = new Worker(moduleFile('./wasm-worker.ts', import.meta.filename), {
    workerData,
    transferList: [port2],
  });
  modules.unref();
  return { worker, modules };
}
