// One thread of a team.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Export, instantiate, newTable } from './wasm-instance.ts';
import { knownFunctions, takeShares, waitForJob } from './wasm-job.ts';
import type { TeamMember } from './wasm-team.ts';

const { memory, control, modules }: TeamMember = workerData;
const functions: Export[] = [];
const callable = newTable();
parentPort?.postMessage('ready');

/** Modules were sent before their functions were announced. */
function table(index: number): Export {
  while (functions.length < knownFunctions(control)) {
    functions.push(...Object.values(instantiate(receiveMessageOnPort(modules)?.message, memory, callable)));
  }
  return functions[index];
}

for (;;) waitForJob(control, takeShares(control, table));
