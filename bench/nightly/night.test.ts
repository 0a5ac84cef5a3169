import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeNight, measured } from '../fixtures/fake-night.ts';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import { readRows } from '../results/csv.ts';
import { appendEvent } from '../results/events.ts';
import { seededRandom } from '../statistics/random.ts';
import { type NightOptions, spendNight } from './night.ts';
import { readNights } from './nights.ts';

let history: string;
beforeEach(() => {
  history = mkdtempSync(join(tmpdir(), 'tare-nightly-'));
});
afterEach(() => {
  vi.useRealTimers();
});

const said: string[] = [];
beforeEach(() => {
  said.length = 0;
});
type Measure = Parameters<typeof fakeNight>[1];
const steady: Measure = async () => measured(500, 1000);
const night = (more: Partial<NightOptions> = {}, measure = steady) =>
  spendNight(fakeNight(history, measure, { say: (what) => said.push(what), ...more }));
/** Does what is left to do with the runs that are there. */
const tell = (more: Partial<NightOptions> = {}) => night({ ...more, onlyUnfinished: true });
const runsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => name.slice(0, -4));
const random = seededRandom(7);

/** Puts a night into the history as if it had been measured. */
function writeNight(day: number, speedup = 2, startedAt = new Date(Date.UTC(2025, 0, day, 2)).toISOString()): string {
  const id = `${startedAt.slice(0, 19).replaceAll(':', '-')}-0001`;
  const dated = { started_at: startedAt, speedup: speedup * Math.exp(0.01 * random.gaussian()) };
  writeRun(history, id, [rowOf('dense', { ...dated, speedup: 1 }), rowOf('int4', dated)]);
  return id;
}

test('a night joins the history whole, is judged and told once, and leaves nothing under way', async () => {
  const { state, told } = await night();
  const [run] = runsIn(history);
  expect(state).toBe('done');
  expect(told).toEqual([expect.objectContaining({ run_id: run, exit_code: 0, alerts: [] })]);
  expect(told[0].summary).toMatch(
    /^Night of \d{4}-\d\d-\d\d \(\S+, commit \w+\): 2 of 2 cases measured in \d+ s, none failed\. Nothing is newly worse, over 1 run\.$/,
  );
  expect(readdirSync(history).toSorted()).toEqual(
    [`${run}.csv`, `${run}.run.json`, `${run}.samples.jsonl`, 'nights.jsonl', 'under-way'].toSorted(),
  );
  expect(readdirSync(join(history, 'under-way'))).toEqual([]);
  expect(await night({ onlyUnfinished: true })).toEqual({ state: 'nothing to do', told: [], failures: [] });
  expect((await night()).told[0].summary).toContain('over 2 runs');
});

describe('a history of twenty nights', () => {
  beforeEach(() => {
    for (let day = 1; day <= 20; day++) writeNight(day);
  });
  const slowNights = async () => {
    const nights = [];
    for (let day = 21; day <= 25; day++) {
      writeNight(day, 1.6);
      nights.push(...(await tell()).told);
    }
    return nights;
  };

  test('a level that became worse is one alert, in the night that proves it and in no later one', async () => {
    await tell();
    const nights = await slowNights();
    expect(nights.map(({ exit_code }) => exit_code)).toEqual([0, 0, 1, 0, 0]);
    expect(nights.flatMap(({ alerts }) => alerts)).toEqual([
      { level: 'error', message: expect.stringMatching(/^s:int4:ts:.*: 2\.\d+x → 1\.\d+x since 2025-01-21/) },
    ]);
    expect(nights[2].summary).toMatch(/Newly worse: 1 \(s:int4:ts/);
  });

  test('while it is silenced there is no alert', async () => {
    appendEvent(history, { kind: 'silence', at: '2025-01-21', text: 'known', cases: 'int4', until: '2025-02-01' });
    const nights = await slowNights();
    expect(nights.flatMap(({ alerts }) => alerts)).toEqual([]);
    expect(nights.at(-1)?.summary).toContain('1 silenced');
  });

  test('nights that nobody judged as they came are judged in turn, and nothing that lies further back', async () => {
    await tell();
    for (let day = 21; day <= 25; day++) writeNight(day, 1.6);
    const { told } = await tell();
    expect(told.map(({ exit_code }) => exit_code)).toEqual([0, 0, 1, 0, 0]);
  });
});

test('a night is one at a time, and one that SIGKILL ended is gone on with, every case once', async () => {
  const program = join(import.meta.dirname, '..', 'fixtures', 'fake-night.ts');
  const child = spawn(process.execPath, [program, history], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  expect(await night()).toEqual({ state: 'under way', told: [], failures: [] });
  expect(said.at(-1)).toMatch(new RegExp(`^a night is under way already: process ${child.pid} \\(since `));
  child.kill('SIGKILL');
  await once(child, 'close');
  const [run] = runsIn(join(history, 'under-way'));
  expect(runsIn(history)).toEqual([]);

  const { state, told } = await night({ onlyUnfinished: true });
  expect(said).toContain(`goes on with ${run}`);
  expect([state, told[0].run_id]).toEqual(['done', run]);
  const rows = readRows(join(history, `${run}.csv`));
  expect(rows.map(({ technique }) => technique).toSorted()).toEqual(['dense', 'int4']);
  expect(readdirSync(join(history, 'under-way'))).toEqual([]);
});

test('a night that a kill ended before it was told is told by the next start', async () => {
  for (const day of [1, 2, 3]) {
    writeNight(day);
    await tell();
  }
  const path = join(history, 'nights.jsonl');
  const lines = readFileSync(path, 'utf8');
  writeFileSync(path, lines.slice(0, -30));
  const { told } = await tell();
  expect(told.map(({ run_id }) => run_id)).toEqual(['2025-01-03T02-00-00-0001']);
  expect(readNights(history).told).toHaveLength(3);
});

test('an interrupted night that was asked for something else, or is a day old, keeps its rows in the history', async () => {
  const stop = new AbortController();
  const onCase = ({ row }: { row?: object }) => row !== undefined && stop.abort();
  expect((await night({ signal: stop.signal, onCase })).state).toBe('interrupted');
  const [run] = runsIn(join(history, 'under-way'));
  cpSync(join(history, 'under-way'), join(history, 'kept'), { recursive: true });
  const { technique: _, ...asked } = fakeNight(history, steady).asked;
  const { told } = await tell({ asked: { ...asked, technique: ['csr'] } });
  expect(said).toEqual([`${run} was asked for something else: its rows joined the history`]);
  expect(told[0].summary).toMatch(/1 of 2 cases measured in \d+ s, 1 not come to, none failed/);

  cpSync(join(history, 'kept'), join(history, 'under-way'), { recursive: true });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * 3600 * 1000 });
  await tell();
  expect(said.at(-1)).toBe(`${run} was begun more than a day ago: its rows joined the history`);
});

test('rows that can not be read, or that a kill left without their manifest, are kept', async () => {
  const underWay = join(history, 'under-way');
  mkdirSync(underWay);
  writeRun(underWay, '2025-01-01T02-00-00-0001', [rowOf('int4')]);
  rmSync(join(underWay, '2025-01-01T02-00-00-0001.run.json'), { force: true });
  const damaged = join(underWay, '2025-01-02T02-00-00-0001');
  writeFileSync(`${damaged}.csv`, 'schema_version,case_id,status\n1,"a,ok\n1,b,ok\n');
  await tell();
  expect(runsIn(history).toSorted()).toEqual(['2025-01-01T02-00-00-0001', '2025-01-02T02-00-00-0001']);
  expect(said[0]).toBe('2025-01-02T02-00-00-0001 has no manifest that can be read: its rows joined the history');
});

test('a night like no other in its history is told by itself', async () => {
  writeNight(1);
  writeNight(2);
  const { told, failures } = await night();
  expect(failures).toEqual([]);
  expect(told.at(-1)).toMatchObject({ run_id: runsIn(history).at(-1), exit_code: 0 });
  expect(told.at(-1)?.summary).toMatch(/over 1 run\.$/);
  expect(said.at(-1)).toMatch(/^judged by itself: history: runs must be asked for the same as the newest/);
});

describe('a clock', () => {
  test('that ran ahead once is said in one line, and nights are judged all the same', async () => {
    for (const day of [1, 2]) writeNight(day);
    writeNight(3, 2, '2099-01-01T02:00:00.000Z');
    const { state, told } = await tell();
    expect(said).toEqual([
      expect.stringMatching(/^the clock says 20\d\d-\d\d-\d\d, and the history has a run of 2099-01-01: set the clock/),
      expect.stringContaining("2099-01-01, which is yet to come; passed over, as it can't be the newest"),
    ]);
    expect([state, told.map(({ run_id }) => run_id)]).toEqual(['done', ['2025-01-02T02-00-00-0001']]);
  });

  test('that runs backwards is said, and the night is kept', async () => {
    writeNight(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(1970, 0, 2) });
    const { state } = await night();
    expect(said).toContainEqual(expect.stringMatching(/^the clock says 1970-01-02, and the history has a run of 2025/));
    expect([state, runsIn(history).length]).toEqual(['done', 2]);
  });
});

test('a report that fails costs the night nothing but its exit code', async () => {
  const report = async () => {
    throw new Error('no room\nat all');
  };
  writeNight(1);
  const { told, failures } = await tell({ report });
  expect(failures).toEqual(['report: no room at all']);
  expect(told).toHaveLength(1);
  expect(runsIn(history)).toHaveLength(1);
});

describe('a webhook', () => {
  const patience = { timeoutMs: 20_000, pausesMs: [1, 1] };
  /** For servers that don't answer in time. */
  const hasty = { ...patience, timeoutMs: 600 };
  let close: () => void = () => {};
  let day = 0;
  const nextNight = (webhook: URL, patient = patience) => {
    writeNight(++day);
    return tell({ webhook, patience: patient });
  };
  afterEach(() => close());

  /** A server that answers each request in turn as told; the last answer holds for all further ones. */
  async function serve(...answers: ((response: ServerResponse) => void)[]) {
    const bodies: { key: unknown; body: { run_id: string; exit_code: number; text: string } }[] = [];
    const server = createServer(async (request: IncomingMessage, response) => {
      const chunks = await request.toArray();
      bodies.push({ key: request.headers['idempotency-key'], body: JSON.parse(Buffer.concat(chunks).toString()) });
      (answers[bodies.length - 1] ?? answers[answers.length - 1])(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = () => {
      server.closeAllConnections();
      server.close();
    };
    return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`), bodies };
  }
  const says = (code: number) => (response: ServerResponse) => void response.writeHead(code).end();
  const hangs = () => {};
  const late = (response: ServerResponse) => void setTimeout(() => response.end(), 1200).unref();

  test('is told the night as JSON', async () => {
    const { url, bodies } = await serve(says(204));
    const { told } = await nextNight(url);
    const [{ run_id, summary }] = told;
    expect(bodies).toEqual([
      { key: run_id, body: expect.objectContaining({ run_id, exit_code: 0, text: summary, summary, alerts: [] }) },
    ]);
    await tell({ webhook: url, patience });
    expect(bodies).toHaveLength(1);
  });

  test.each([
    ['fails twice', says(503)],
    ['answers too late', late],
    ['hangs', hangs],
  ])('that %s is told again, the same with the same key', async (_, answer) => {
    const { url, bodies } = await serve(answer, answer, says(200));
    expect((await nextNight(url, answer === hangs || answer === late ? hasty : patience)).failures).toEqual([]);
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  test.each([
    ['is broken', says(500), /^webhook: 127\.0\.0\.1:\d+ answered 500; the next night tells it again$/, 3],
    ['hangs for ever', hangs, /no answer within 0\.6 s/, 3],
    ['refuses', says(403), /answered 403/, 1],
  ])(
    'that %s loses no night, says nothing of its address, and hears of it the next time',
    async (_, answer, reason, attempts) => {
      const { url, bodies } = await serve(...new Array(attempts).fill(answer), says(200));
      const first = await nextNight(url, answer === hangs ? hasty : patience);
      expect(first.failures).toEqual([expect.stringMatching(reason)]);
      expect(first.failures[0]).not.toContain('secret');
      expect(runsIn(history)).toHaveLength(1);
      const second = await nextNight(url);
      expect(second.failures).toEqual([]);
      const later = bodies.slice(attempts).map(({ body }) => body.run_id);
      expect(later).toEqual([first.told[0].run_id, second.told[0].run_id]);
    },
  );

  test('that is not there loses no night', async () => {
    const { url } = await serve(says(200));
    close();
    expect((await nextNight(url)).failures).toEqual([expect.stringMatching(/ECONNREFUSED/)]);
    expect(existsSync(join(history, `${runsIn(history)[0]}.csv`))).toBe(true);
  });
});
