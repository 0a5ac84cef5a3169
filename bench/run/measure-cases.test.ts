import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { effortOf } from '../cases/preset.ts';
import { selectCases } from '../cases/select.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult, CoreState } from '../contract/case-result.ts';
import { machine } from '../fixtures/run-files.ts';
import { Journal } from '../results/journal.ts';
import { PassLog } from '../results/pass-log.ts';
import type { CaseEvent } from './case-event.ts';
import { measureCases, type TimeBudget } from './measure-cases.ts';

const chosen = { suite: [], backend: ['ts'], kernels: [], seed: 0, preset: 'quick' as const };
const { cases, techniques } = await selectCases({ ...chosen, technique: ['dense', 'int4'], filter: ['M=1,'] });
const status = { available: true, adapterType: 'none', adapter: '', driver: '', env: {} } as const;
const state = {
  runId: 'r',
  git: undefined,
  techniqueHashes: new Map(),
  machine,
  shard: undefined,
  threads: 1,
  roofline: undefined,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-measuring-'));
});

/** A run over two cases with the clock stopped but for what is given: each pass comes to what `answer` says. */
async function run(
  answer: (request: CaseRequest, call: number) => CaseResult,
  comeBackShare = 1e6,
  { passes, timeBudget }: { readonly passes?: number; readonly timeBudget?: TimeBudget } = {},
) {
  const journal = new Journal(join(folder, 'run.csv'), join(folder, 'run.samples.jsonl'));
  const log = new PassLog(join(folder, 'run.passes.jsonl'), () => true);
  const effort = { ...effortOf({ preset: 'quick', passes }), comeBackShare };
  const asked: CaseRequest[] = [];
  const events: CaseEvent[] = [];
  const measure = async (request: CaseRequest) => {
    asked.push(request);
    return answer(request, asked.filter(({ case: { id } }) => id === request.case.id).length);
  };
  await measureCases(
    {
      cases,
      techniques,
      statuses: new Map([['ts', status]]),
      effort,
      emulatedEffort: effort,
      seed: 0,
      timeoutS: 1,
      kernels: [],
      inProcess: false,
      state,
      timeBudget,
    },
    journal,
    log,
    {
      debug: false,
      signal: new AbortController().signal,
      onCase: (event) => events.push(event),
      place: { probe: async () => status, measure },
    },
  );
  log.close({ isFinished: true });
  journal.close();
  const samples = readFileSync(join(folder, 'run.samples.jsonl'), 'utf8').split('\n').filter(Boolean);
  return {
    asked,
    events,
    row: (technique: string) => journal.rows.find((row) => row.technique === technique),
    passesOf: (technique: string) =>
      samples
        .map((line): { case_id: string; pass: number } => JSON.parse(line))
        .filter(({ case_id }) => case_id.includes(`:${technique}:`))
        .map(({ pass }) => pass),
  };
}

/** Seven rounds of one sample each. */
function measured(candidateNs: number, baselineNs: number, core?: CoreState, bestCycles = 10): CaseResult {
  const side = (ns: number) => ({ rounds: Array.from({ length: 7 }, () => [ns]), dropped: 0 });
  return {
    status: 'ok',
    samples: { candidate: side(candidateNs), baseline: side(baselineNs) },
    core: core && { state: core, freeRounds: core === 'free' ? 7 : 0, canaryCycles: [bestCycles], bestCycles },
  };
}

test('each case is measured once a pass, its row is there with its last, and steps count up to their total', async () => {
  const { asked, events, row } = await run(({ case: { technique } }) =>
    measured(technique === 'int4' ? 500 : 1000, 1000),
  );
  expect(asked).toHaveLength(4);
  expect(row('int4')).toMatchObject({ status: 'ok', processes: 2, rounds: 14, speedup: expect.closeTo(2, 9) });
  const finished = events.filter((event) => event.row !== undefined);
  expect(finished.map(({ pass, passes }) => [pass, passes])).toEqual([
    [2, 2],
    [2, 2],
  ]);
  expect(events.at(-1)).toMatchObject({ number: 4, total: 4 });
});

test('a case that fails in its first pass is finished at once', async () => {
  const { asked, row } = await run(({ case: { technique } }) =>
    technique === 'int4' ? { status: 'incorrect', reason: 'output[0]: wrong' } : measured(1000, 1000),
  );
  expect(asked.filter((request) => request.case.technique === 'int4')).toHaveLength(1);
  expect(row('int4')).toMatchObject({ status: 'incorrect', reason: 'output[0]: wrong', speedup: undefined });
  expect(row('dense')?.status).toBe('ok');
});

test("a baseline beside a case that took severalfold of its own row's time makes the case noisy", async () => {
  const { row } = await run(({ case: { technique } }) => measured(1000, technique === 'int4' ? 50 : 1000));
  expect(row('int4')).toMatchObject({
    status: 'noisy',
    reason: 'the baseline took 50.0 ns beside this case and 1.0 µs in its own row',
  });
  expect(row('dense')?.status).toBe('ok');
});

describe('on a core that a neighbour shares', () => {
  test('a case is come back to until half of its passes were free, which then speak alone', async () => {
    const { asked, row, passesOf } = await run(({ case: { technique } }, call) => {
      if (technique === 'dense') return measured(1000, 1000, 'free');
      return call < 4 ? measured(1000, 1000, 'shared') : measured(1000, 3000, 'free');
    });
    expect(asked.map((request) => request.case.technique).filter((id) => id === 'int4')).toHaveLength(4);
    expect(asked.slice(-2).map((request) => request.case.technique)).toEqual(['int4', 'int4']);
    expect(row('int4')).toMatchObject({ speedup: expect.closeTo(3, 9), processes: 1 });
    expect(passesOf('int4')).toEqual([4]);
    expect(passesOf('dense')).toEqual([1, 2]);
  });

  test('it is kept with all its passes where no more than as many again were of use', async () => {
    const { asked, events, row, passesOf } = await run(({ case: { technique } }) =>
      measured(1000, 1000, technique === 'dense' ? 'free' : 'shared'),
    );
    expect(asked).toHaveLength(2 + 4);
    expect(row('int4')).toMatchObject({ processes: 4 });
    expect(passesOf('int4')).toEqual([1, 2, 3, 4]);
    expect(events.at(-1)?.row?.technique).toBe('int4');
  });

  test('nothing is come back to where there is no time for it, or where nobody knows the state of the core', async () => {
    expect((await run(() => measured(1000, 1000, 'shared'), 0)).asked).toHaveLength(4);
    folder = mkdtempSync(join(tmpdir(), 'tare-measuring-'));
    expect((await run(() => measured(1000, 1000))).asked).toHaveLength(4);
  });

  test('each process is told the best that the canary showed before', async () => {
    let cycles = 20;
    const { asked } = await run(() => measured(1000, 1000, 'free', cycles--));
    expect(asked.map(({ bestCanaryCycles }) => bestCanaryCycles)).toEqual([undefined, 20, 19, 18]);
  });
});

describe('with so much time and no more', () => {
  afterEach(() => vi.restoreAllMocks());

  /** A clock that stands still but for what passes take. */
  function stoppedClock() {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    return (seconds: number) => {
      nowMs += seconds * 1000;
    };
  }

  const [dense, int4] = ['dense', 'int4'].map((technique) => cases.find((entry) => entry.technique === technique)!);
  const needed = [int4, dense].map((entry) => ({ case: entry, need: 'oldest' as const }));
  const budget = (leftS: number, costS: TimeBudget['costS'] = () => 10): TimeBudget => ({ leftS, needed, costS });

  test('what fits is measured, the most telling first, and what does not has a row that says so', async () => {
    const pass = stoppedClock();
    const answer = () => {
      pass(5);
      return measured(1000, 1000, 'free');
    };
    const { asked, row, events } = await run(answer, 0, { timeBudget: budget(19) });
    expect(asked.map((request) => request.case.technique)).toEqual(['int4', 'int4']);
    expect(row('int4')).toMatchObject({ status: 'ok', processes: 2 });
    expect(row('dense')).toMatchObject({ status: 'skipped', reason: 'budget', took_s: undefined, speedup: undefined });
    expect(events.at(-1)).toMatchObject({ number: 2, total: 2 });
  });

  test('time that was taken for more than it was goes to the next cases', async () => {
    const pass = stoppedClock();
    const answer = () => {
      pass(1);
      return measured(1000, 1000, 'free');
    };
    const { asked } = await run(answer, 0, { timeBudget: budget(12) });
    expect(asked.map((request) => request.case.technique)).toEqual(['int4', 'int4', 'dense', 'dense']);
  });

  test('a case too long for the time leaves it to those behind it', async () => {
    stoppedClock();
    const costS = (id: string) => (id === int4.id ? 1000 : 1);
    const { row } = await run(() => measured(1000, 1000, 'free'), 0, { timeBudget: budget(60, costS) });
    expect(row('int4')?.reason).toBe('budget');
    expect(row('dense')?.status).toBe('ok');
  });

  test('when the time is up, cases that were begun keep the passes they have, and no other is begun', async () => {
    const pass = stoppedClock();
    const answer = () => {
      pass(11);
      return measured(1000, 1000, 'free');
    };
    const { asked, row } = await run(answer, 0, { timeBudget: budget(20, () => 1) });
    expect(asked).toHaveLength(2);
    expect([row('int4')?.processes, row('dense')?.processes]).toEqual([1, 1]);
    folder = mkdtempSync(join(tmpdir(), 'tare-measuring-'));
    const none = await run(answer, 0, { timeBudget: budget(0, () => 1) });
    expect([none.asked.length, none.row('int4')?.reason, none.row('dense')?.reason]).toEqual([0, 'budget', 'budget']);
  });

  test('of the passes there was time for, those on a free core speak alone where they are half of them', async () => {
    const pass = stoppedClock();
    const answer = (_: CaseRequest, call: number) => {
      pass(4);
      return call === 1 ? measured(1000, 1000, 'shared') : measured(1000, 2000, 'free');
    };
    const { row } = await run(answer, 0, { passes: 9, timeBudget: budget(16, () => 1) });
    expect(row('int4')).toMatchObject({ processes: 1, speedup: expect.closeTo(2, 9) });
  });

  test('a case that fails or takes all of its time is its own row, and others have theirs', async () => {
    stoppedClock();
    const { row } = await run(
      ({ case: { technique } }) =>
        technique === 'int4' ? { status: 'timeout', reason: 'took longer' } : measured(1000, 1000, 'free'),
      0,
      { timeBudget: budget(60) },
    );
    expect([row('int4')?.status, row('dense')?.status]).toEqual(['timeout', 'ok']);
  });

  test('an interval that is narrow ends a case from three processes on, whatever its speed-up; one that is not, never', async () => {
    stoppedClock();
    const options = { passes: 5, timeBudget: budget(1e6) };
    const steady = await run(() => measured(400, 1000, 'free'), 0, options);
    expect(steady.asked).toHaveLength(6);
    expect(steady.row('int4')).toMatchObject({ processes: 3, speedup: expect.closeTo(2.5, 9) });
    folder = mkdtempSync(join(tmpdir(), 'tare-measuring-'));
    // The third process lies 5 % off.
    const scattered = await run((_, call) => measured(call === 3 ? 420 : 400, 1000, 'free'), 0, options);
    expect(scattered.asked).toHaveLength(10);
    folder = mkdtempSync(join(tmpdir(), 'tare-measuring-'));
    expect((await run(() => measured(400, 1000, 'free'), 0, { passes: 5 })).asked).toHaveLength(10);
  });
});
