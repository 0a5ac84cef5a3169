import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import {
  type Control,
  newControl,
  offerJob,
  runShare,
  shareStart,
  type Table,
  takeShares,
  waitUntilDone,
} from './wasm-job.ts';

/** Calls of `work`, as [from, to, ...arguments]. */
function recorder() {
  const calls: number[][] = [];
  return {
    calls,
    table:
      () =>
      (...args: number[]) =>
        void calls.push(args),
  };
}

function runAlone(control: Control, table: Table, count: number, shares: number) {
  offerJob(control, 0, count, shares, [7, 8]);
  runShare(control, table, shares - 1);
  takeShares(control, table);
  return waitUntilDone(control);
}

test.each([
  [10, 3],
  [2, 2],
  [1000, 7],
])('%i items in %i shares are all run by the caller where no other thread comes', (count, shares) => {
  const { calls, table } = recorder();
  expect(runAlone(newControl(), table, count, shares)).toBe(true);
  const spans = calls.map(([from, to]) => [from, to]).sort(([a], [b]) => a - b);
  expect(spans).toHaveLength(shares);
  expect(spans[0][0]).toBe(0);
  expect(spans.at(-1)?.[1]).toBe(count);
  for (let i = 1; i < shares; i++) expect(spans[i][0]).toBe(spans[i - 1][1]);
  expect(calls.every(([, , a, b]) => a === 7 && b === 8)).toBe(true);
});

test('shares differ by one item at most', () => {
  const sizes = [0, 1, 2, 3, 4].map((share) => shareStart(12, share + 1, 5) - shareStart(12, share, 5));
  expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([2, 3]);
});

test('a share that traps is told once all shares have ended', () => {
  const control = newControl();
  const work = (from: number) => {
    if (from === 0) throw new Error('unreachable');
  };
  expect(runAlone(control, () => work, 4, 4)).toBe(false);
});

test('the caller waits for a share that another thread has begun', { timeout: 20_000 }, async () => {
  const control = newControl();
  const memory = new Int32Array(new SharedArrayBuffer(8));
  const module = new URL('./wasm-job.ts', import.meta.url).href;
  const worker = new Worker(
    `const { workerData: { control, memory, module } } = require('node:worker_threads');
     import(module).then(({ takeShares, waitForJob }) => {
       const work = () => {
         Atomics.store(memory, 0, 1);
         Atomics.notify(memory, 0);
         Atomics.wait(memory, 1, 0, 200);
         Atomics.store(memory, 1, 2);
       };
       for (;;) waitForJob(control, takeShares(control, () => work));
     });`,
    { eval: true, workerData: { control, memory, module } },
  );
  try {
    offerJob(control, 0, 2, 2, []);
    // The worker has begun its share, and takes 200 ms over it.
    Atomics.wait(memory, 0, 0);
    const { calls, table } = recorder();
    runShare(control, table, 1);
    takeShares(control, table);
    expect(waitUntilDone(control)).toBe(true);
    expect(calls).toEqual([[1, 2]]);
    expect(Atomics.load(memory, 1)).toBe(2);
  } finally {
    await worker.terminate();
  }
});
