// The process of one case: takes the request as its argument, sends the result and leaves.
import { Worker } from 'node:worker_threads';
import type { CaseRequest, CaseResult } from './run-case.ts';

// Without its parent the result would reach nobody. A kernel that never returns hears no event, so a thread looks.
const LOOK_FOR_PARENT = `
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 500);
`;
new Worker(LOOK_FOR_PARENT, { eval: true }).unref();

const request: CaseRequest = JSON.parse(process.argv[2]);
const { runCase } = await import('./run-case.ts');
const { resultOfError } = await import('./result-of-error.ts');
let result: CaseResult;
try {
  result = await runCase(request);
} catch (error) {
  result = resultOfError(error);
}
process.send?.(result, undefined, undefined, () => process.exit(0));
