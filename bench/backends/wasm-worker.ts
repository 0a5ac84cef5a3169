// One thread of a kernel's team.
import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from './wasm-instance.ts';
import {
  ARGS,
  ARGS_LENGTH,
  COUNT,
  DONE,
  FAILED,
  FUNCTION,
  SEQUENCE,
  shareStart,
  spinWhile,
  type TeamMember,
} from './wasm-team.ts';

const { module, memory, control, names, index, threads }: TeamMember = workerData;
const exports = instantiate(module, memory);
let sequence = Atomics.load(control, SEQUENCE);
parentPort?.postMessage('ready');

for (;;) {
  spinWhile(control, SEQUENCE, sequence);
  sequence++;
  const count = control[COUNT];
  const args = control.subarray(ARGS, ARGS + control[ARGS_LENGTH]);
  try {
    exports[names[control[FUNCTION]]](
      shareStart(count, index, threads),
      shareStart(count, index + 1, threads),
      ...args,
    );
  } catch {
    Atomics.store(control, FAILED, 1);
  }
  Atomics.add(control, DONE, 1);
  Atomics.notify(control, DONE);
}
