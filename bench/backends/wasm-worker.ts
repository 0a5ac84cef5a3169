// One thread of a kernel's team.
import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from './wasm-instance.ts';
import { takeShares, waitForJob } from './wasm-job.ts';
import type { TeamMember } from './wasm-team.ts';

const { module, memory, control }: TeamMember = workerData;
const exports = instantiate(module, memory);
const names = Object.keys(exports);
parentPort?.postMessage('ready');

for (;;) waitForJob(control, takeShares(control, exports, names));
