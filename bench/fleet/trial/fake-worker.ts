// A real worker of a real queue whose cases are none: each sleeps, and comes to a row that is made up.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { machine, rowOf } from '../../fixtures/run-files.ts';
import { stoppable } from '../../run/stop-signals.ts';
import { queueAddress } from '../queue-address.ts';
import { openQueueServer } from '../queue-server.ts';
import { type MeasureCase, work } from '../work.ts';
import { DEADLY, DEAFENING, FATAL, FakeWorker, UNREACHABLE } from './fake-cases.ts';

const { caseMs, folder, ...options } = FakeWorker.parse(JSON.parse(process.argv[2]));

const measure: MeasureCase = async ({ manifest }, case_id, { givenUp, signal }) => {
  process.stdout.write(`${case_id}\n`);
  const isFirst = leaveMark(`${case_id}-first`);
  // It delivers at once, before it hears that the case is another's by now.
  if (case_id === DEAFENING && isFirst) hearNothing();
  else {
    const isFatal = case_id === DEADLY || (case_id.startsWith(FATAL) && isFirst);
    const isOver = await sleptThrough(signal, () => {
      if (isFatal && givenUp === undefined) process.kill(process.pid, 'SIGKILL');
    });
    if (!isOver) return undefined;
  }
  if (!isFirst) leaveMark(`${case_id}-again`);
  const status = givenUp === undefined ? 'ok' : 'error';
  const row = rowOf('dense', { run_id: manifest.run_id, case_id, status, reason: givenUp });
  const samples = [{ case_id, pass: 1, candidate_ns: [[1, 2]], baseline_ns: [[1, 2]] }];
  return { row, samples, isFailure: status === 'error', measured: { machine, backends: {}, threads: 2 } };
};

/** False where the signal ended it. */
async function sleptThrough(signal: AbortSignal, inTheMiddle: () => void): Promise<boolean> {
  try {
    await setTimeout(caseMs / 2, undefined, { signal });
    inTheMiddle();
    await setTimeout(caseMs / 2, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

/** Whether it was not there before. */
function leaveMark(name: string): boolean {
  try {
    writeFileSync(join(folder, name), '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

const LOOK_EVERY_MS = 100;

/** Until another worker has the case, which this one is held to be lost in, and has had time to deliver it. */
function hearNothing(): void {
  while (!existsSync(join(folder, `${DEAFENING}-again`))) sleep(LOOK_EVERY_MS);
  sleep(2 * options.lostAfterMs);
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const say = (what: string) => void process.stderr.write(`${what}\n`);

await stoppable(async (signal) => {
  const server = await openQueueServer(queueAddress(process.env), { patient: true }).catch((error: Error) => {
    say(error.message);
    process.exit(UNREACHABLE);
  });
  await work(server, { ...options, measure, signal, say }).finally(() => server.close());
});
