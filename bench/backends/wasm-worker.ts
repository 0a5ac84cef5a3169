// One thread of a team.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Export, instantiate } from './wasm-instance.ts';
import { takeShares, waitForJob } from './wasm-job.ts';
import type { TeamMember } from './wasm-team.ts';

const { memory, control, modules }: TeamMember = workerData;
const functions: Export[] = [];
parentPort?.postMessage('ready');

/** Modules were sent before the first job that calls one of their functions. */
function table(index: number): Export {
  while (index >= functions.length) {
    functions.push(...Object.values(instantiate(receiveMessageOnPort(modules)?.message, memory)));
  }
  return functions[index];
}

for (;;) waitForJob(control, takeShares(control, table));
