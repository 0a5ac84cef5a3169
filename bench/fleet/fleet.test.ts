import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tareHere } from '../fixtures/command-line.ts';
import { findManifest, readResultsFile, readSamples } from '../results/results-file.ts';
import { collect } from './collect.ts';
import { drop } from './drop.ts';
import { enqueue, resumeEnqueueing } from './enqueue.ts';
import { FleetRun, jobIdOf, queueOfCases } from './fleet-run.ts';
import { queueAddress } from './queue-address.ts';
import { openQueueServer, type QueueServer } from './queue-server.ts';
import { readStatus } from './status.ts';
import { FAKE, type FakeWorker, fakeRun } from './trial/fake-cases.ts';
import { serverKinds, startServer, type TrialServer, whyNoServer } from './trial/servers.ts';
import { tryFleet } from './trial/trial.ts';
import { work } from './work.ts';

/** Of all workers: whoever looks for lost ones looks for all, and as seldom as the most patient. */
const LOST_AFTER_MS = 1000;

const folderOf = (what: string) => mkdtempSync(join(tmpdir(), `tare-${what}-`));

describe.each(serverKinds)('%s', (kind) => {
  const reason = whyNoServer(kind);
  if (reason !== undefined) {
    test.skip(`hands out cases (${reason})`, () => {});
    return;
  }
  let server: TrialServer;
  let queue: QueueServer;
  beforeAll(async () => {
    server = await startServer(kind);
    queue = await openQueueServer(queueAddress({ TARE_QUEUE: server.url }), { patient: true });
  });
  afterAll(async () => {
    await queue.close();
    await server.stop();
  });

  test('a case whose worker is stopped goes back at once, and its run can be dropped', async () => {
    const run = fakeRun('2031-01-02T00-00-00-0001', ['a', 'b']);
    await enqueue(queue, run);
    const worker = startWorker(server.url, { caseMs: 60_000, lostAfterMs: LOST_AFTER_MS });
    await once(worker.stdout ?? worker, 'data');
    const busy = await readStatus(queue, Date.now());
    expect(busy.runs).toMatchObject([{ waiting: 1, active: 1, done: 0, failed: 0 }]);
    expect(busy.workers).toMatchObject([
      { name: 'someone', machine_class: 'fake', case_id: 'a', for_s: expect.any(Number) },
    ]);
    worker.kill('SIGINT');
    await once(worker, 'close');
    const after = await readStatus(queue, Date.now());
    expect(after).toMatchObject({ runs: [{ waiting: 2, active: 0 }], workers: [], lost: 0 });
    await drop(queue, run);
    expect((await readStatus(queue, Date.now())).runs).toEqual([]);
  });

  test('cases that the server lost are put back, and no other', async () => {
    const run = fakeRun('2031-01-02T00-00-00-0002', ['a', 'b', 'c']);
    const { run_id } = run.manifest;
    await enqueue(queue, run);
    const cases = await queue.queue(queueOfCases(FAKE.machineClass, FAKE.commit));
    await (await cases.getJob(jobIdOf({ run_id, case_id: 'b' })))?.remove();
    expect((await readStatus(queue, Date.now())).lost).toBe(1);
    expect(await resumeEnqueueing(queue, run)).toBe(1);
    expect(await resumeEnqueueing(queue, run)).toBe(0);
    expect((await readStatus(queue, Date.now())).lost).toBe(0);
    await drop(queue, run);
  });

  test('a worker of another commit is refused, and so is one that would measure other weights', async () => {
    const run = fakeRun('2031-01-02T00-00-00-0003', ['a']);
    await enqueue(queue, run);
    const { signal } = new AbortController();
    const options = {
      name: 'w',
      lostAfterMs: 60_000,
      untilEmpty: true,
      signal,
      say: () => {},
      measure: async () => undefined,
    };
    await expect(work(queue, { ...options, machineClass: 'fake', commit: 'd'.repeat(40) })).rejects.toThrow(
      /^fleet: worker must have the code of the run, got another: 2031-01-02T00-00-00-0003 is of commit cccccccccc, and this checkout at dddddddddd$/,
    );
    const { caseMeasurer } = await import('./measure-case.ts');
    const measure = caseMeasurer({ debug: false, onCase: () => {}, onPhase: () => {} });
    const weights = FleetRun.parse({ ...run, manifest: { ...run.manifest, weights_sha256: 'other' } });
    const asked = { ...weights.manifest.arguments, text: import.meta.filename };
    const other = { ...weights, manifest: { ...weights.manifest, arguments: asked } };
    await expect(measure(other, 'a', { signal })).rejects.toThrow(/^fleet: .*SHA-256 other, got /);
    await drop(queue, run);
  });

  test('no case is lost and none doubled, though workers are killed, the server crashes and a case is delivered twice', async () => {
    const folder = folderOf('trial');
    const trial = { workers: 3, cases: 40, caseMs: 50, kills: 3, crashes: 1, lostAfterMs: LOST_AFTER_MS, folder };
    const { lost, doubled, errors, collected } = await tryFleet(server, trial);
    expect({ lost, doubled }).toEqual({ lost: [], doubled: [] });
    expect(errors.deadly).toMatch(/^worker lost: /);
    // On a busy machine the server may be away for so long that others of its workers are held to be lost too.
    expect(Object.values(errors).filter((reason) => !reason?.startsWith('worker lost: '))).toEqual([]);
    expect(collected.rest.map(({ case_id }) => case_id)).toContain('deafening');
    const csv = collected.path ?? '';
    expect(readResultsFile(csv).rows).toHaveLength(40);
    expect(readSamples(csv)?.size).toBe(40);
    expect(findManifest(csv)).toMatchObject({ state: 'finished', finished_at: expect.any(String) });
    const before = readFileSync(csv, 'utf8');
    await collect(queue, collected.run, folder);
    expect(readFileSync(csv, 'utf8')).toBe(before);
    vi.stubEnv('TARE_QUEUE', server.url);
    const { status, stdout, stderr } = await tareHere(folder, ['fleet', 'status']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^run +class +waiting +active +done +failed\n2031\S+ +fake +0 +0 +\d+ +\d+\n/);
    vi.unstubAllEnvs();
  });

  test('a wrong password is told from a server that is not there, and never shown', async () => {
    const { password, port } = new URL(server.url);
    const wrong = server.url.replace(password, 'mistyped');
    vi.stubEnv('TARE_QUEUE', wrong);
    const refused = await tareHere(tmpdir(), ['fleet', 'status']);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(
      /^tare: TARE_QUEUE: user and password must be the right ones, got refused at \S+\n$/,
    );
    vi.stubEnv('TARE_QUEUE', server.url.replace(port, '1'));
    const gone = await tareHere(tmpdir(), ['fleet', 'work']);
    expect(gone.status).toBe(2);
    expect(gone.stderr).toMatch(/^tare: TARE_QUEUE: server must be reachable, got ECONNREFUSED at \S+\n$/);
    vi.unstubAllEnvs();
    expect(refused.stderr + gone.stderr).not.toMatch(new RegExp(`mistyped|${password}`));
  });
});

function startWorker(url: string, options: Pick<FakeWorker, 'caseMs' | 'lostAfterMs'>): ChildProcess {
  const asked: FakeWorker = { ...FAKE, name: 'someone', untilEmpty: false, folder: tmpdir(), ...options };
  const worker = join(import.meta.dirname, 'trial/fake-worker.ts');
  return spawn(process.execPath, [worker, JSON.stringify(asked)], {
    env: { ...process.env, TARE_QUEUE: url },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
