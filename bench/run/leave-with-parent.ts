// Imported first by child processes, whose results would reach nobody without their parent. A kernel that never returns
// hears no event, so a thread looks.
import { Worker } from 'node:worker_threads';

const LOOK_FOR_PARENT = `
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 500);
`;
new Worker(LOOK_FOR_PARENT, { eval: true }).unref();
