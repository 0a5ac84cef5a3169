import { describe, expect, test } from 'vitest';
import { caseId, rowOf } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import type { HistoryEvent } from '../results/events.ts';
import type { HistoryRun } from '../results/history.ts';
import { seededRandom } from '../statistics/random.ts';
import { toldBy } from './told.ts';
import { maxPOf, newLevel, suspectedCases, trackHistory } from './track.ts';

/** A night's run; `undefined` leaves the case out. */
function night(
  number: number,
  cases: Readonly<Record<string, ResultRow | undefined>>,
  parts: Partial<HistoryRun> = {},
): HistoryRun {
  const startedAt = new Date(Date.UTC(2031, 0, number)).toISOString();
  const rows = Object.entries(cases).flatMap(([technique, figures]) =>
    figures === undefined
      ? []
      : [rowOf(technique, { started_at: startedAt, git_commit: String(number).padStart(40, '0'), ...figures })],
  );
  return {
    id: `n${number}`,
    name: `n${number}.csv`,
    startedAt,
    rows: new Map(rows.map((row) => [row.case_id ?? '', row])),
    missing: new Set(),
    leftOut: new Set(),
    asked: { manifest: undefined, caseIds: new Set() },
    commit: undefined,
    ...parts,
  };
}

const random = seededRandom(3);
const noise = Array.from({ length: 60 }, () => Math.exp(0.01 * random.gaussian()));
/** Nights 1 … count of one case; its speed-up falls by 10 % on `stepAt`. */
const nights = (
  count: number,
  stepAt = Number.POSITIVE_INFINITY,
  figures: (number: number) => ResultRow = () => ({}),
) =>
  Array.from({ length: count }, (_, i) =>
    night(i + 1, { int4: { speedup: (i + 1 >= stepAt ? 1.8 : 2) * noise[i], ...figures(i + 1) } }),
  );
const track = (runs: readonly HistoryRun[]) => trackHistory(runs);

test('a level that began three nights ago is news tonight, with its size and the commits around it', () => {
  const [tracked] = track(nights(23, 21));
  expect(tracked.news).toEqual([{ isWorse: true, what: 'speed' }]);
  const [level] = tracked.levels;
  expect(level.newSpeedup / level.oldSpeedup).toBeCloseTo(0.9, 1);
  expect([level.before.git_commit, level.began.git_commit].map(Number)).toEqual([20, 21]);
  expect(level.runs).toBe(3);
});

test('the next night it is known, and no news', () => {
  const [tracked] = track(nights(24, 21));
  expect(tracked).toMatchObject({ news: [], levels: [{ runs: 4 }] });
});

test('a level that is taken back makes the one before it no news', () => {
  const point = (index: number, before: number, after: number) => ({ index, before, after, p: 0 });
  const worse = point(40, 0.7, 0.6);
  const risen = () => [worse, point(97, 0.6, 0.7)];
  expect(newLevel([worse], [risen])).toBeUndefined();
  expect(newLevel([...risen(), point(99, 0.7, 0.6)], [risen])?.index).toBe(99);
});

test('a level that comes and goes at the edge of proof is news once, a further step at its place once more', () => {
  const point = (index: number, before: number, after: number) => ({ index, before, after, p: 0 });
  const seen = () => [point(40, 0.7, 0.62)];
  const none = () => [];
  expect(newLevel([point(41, 0.7, 0.6)], [none, none, seen, none])).toBeUndefined();
  expect(newLevel([point(41, 0.7, 0.6)], [none, none, none])?.index).toBe(41);
  expect(newLevel([point(44, 0.7, 0.45)], [none, seen])?.index).toBe(44);
  expect(newLevel([point(52, 0.7, 0.6)], [none, seen])?.index).toBe(52);
  expect(newLevel([point(41, 0.6, 0.7)], [none, seen])?.index).toBe(41);
});

test('a night without a figure does not end the history of speed', () => {
  const runs = nights(26, 22, (number) => (number === 10 ? { speedup: undefined } : {}));
  expect(track(runs)[0].levels).toHaveLength(1);
});

test('a steady history has no level and no news', () => {
  expect(track(nights(60))[0]).toMatchObject({ news: [], levels: [], events: [] });
});

test('nights without the case do not break its history', () => {
  const runs = nights(26, 24).map((run, i) => (i % 5 === 2 ? { ...run, rows: new Map() } : run));
  expect(track(runs)[0].runs).toBe(21);
  expect(track(runs)[0].levels).toHaveLength(1);
});

test('drift and bytes are compared exactly with the night before, and a change is news at once', () => {
  const runs = nights(12, undefined, (number) =>
    number === 12 ? { sqnr_db: 40.1 } : number > 5 ? { stored_bytes: 99 } : {},
  );
  const [{ events, news }] = track(runs);
  expect(events.map(({ row, changes }) => [Number(row.git_commit), changes.map(({ column }) => column)])).toEqual([
    [6, ['stored_bytes']],
    [12, ['stored_bytes', 'sqnr_db']],
  ]);
  expect(news).toEqual([{ isWorse: true, what: 'drift or bytes' }]);
});

test('another machine has a history of its own, another Node version has not', () => {
  const renamed = nights(30, 20, (number) => (number >= 20 ? { cpu_model: 'CPU B' } : {}));
  expect(track(renamed)[0]).toMatchObject({ runs: 11, levels: [], news: [] });
  const upgraded = nights(30, 20, (number) => (number >= 20 ? { node_version: '25' } : {}));
  expect(track(upgraded)[0]).toMatchObject({ runs: 30, levels: [{ began: { node_version: '25' } }] });
});

test.each<[string, ResultRow, ResultRow, number]>([
  ['threads', { threads: 2 }, { threads: 4 }, 11],
  ['number of cores', { cpu_count: 2 }, { cpu_count: 4 }, 11],
  ['GPU of a case that runs on it', { device: 'gpu', gpu_adapter: 'A' }, { device: 'gpu', gpu_adapter: 'B' }, 11],
  ['GPU of a case on the processor', { device: 'cpu', gpu_adapter: 'A' }, { device: 'cpu', gpu_adapter: 'B' }, 30],
  ['threads once said, which were one', {}, { threads: 1 }, 30],
])('another %s: nights in one history with the newest', (_, old, current, count) => {
  const [tracked] = track(nights(30, 20, (number) => (number >= 20 ? current : old)));
  expect(tracked).toMatchObject({ runs: count, levels: count === 30 ? [{ runs: 11 }] : [] });
});

test('the p that a level needs is divided among all histories', () => {
  expect([1, 10, 20, 500].map(maxPOf)).toEqual([0.001, 0.001, 0.0005, 0.00002]);
  const among = (count: number) => {
    const runs = nights(20, undefined, (number) => ({ speedup: (number >= 15 ? 1.9 : 2) * noise[number] }));
    const others = Array.from({ length: count - 1 }, (_, i) => [`other${i}`, {}] as const);
    return [
      ...runs.slice(0, -1),
      night(20, { int4: runs[19].rows.get(caseId('int4')), ...Object.fromEntries(others) }),
    ];
  };
  const levelsAmong = (count: number) => track(among(count)).find(({ row }) => row.technique === 'int4')?.levels ?? [];
  const [{ p }] = levelsAmong(1);
  expect(levelsAmong(Math.floor(0.01 / p))).toHaveLength(1);
  expect(levelsAmong(Math.floor(0.01 / p) + 1)).toEqual([]);
});

describe('the state of the core', () => {
  /** A shared core takes 30 % off, whatever the code does. */
  const on = (states: readonly (string | undefined)[], stepAt?: number) =>
    nights(states.length, stepAt).map((run, i) => {
      const row = run.rows.get(caseId('int4')) ?? {};
      const speedup = (row.speedup ?? 2) * (states[i] === 'shared' ? 0.7 : 1);
      return { ...run, rows: new Map([[caseId('int4'), { ...row, speedup, core_state: states[i] }]]) };
    });
  const repeat = (count: number, state: string | undefined) => Array.from({ length: count }, () => state);

  test('nights on a shared core are left out where the newest had a free one', () => {
    const states = [...repeat(10, 'free'), ...repeat(5, 'shared'), ...repeat(5, 'free')];
    expect(track(on(states))[0]).toMatchObject({ runs: 20, levels: [], news: [], doubt: undefined });
    const [{ levels, news }] = track(on([...states, ...repeat(3, 'free')], 21));
    expect(news).toEqual([{ isWorse: true, what: 'speed' }]);
    expect(levels).toMatchObject([{ runs: 3 }]);
    expect(levels[0].newSpeedup / levels[0].oldSpeedup).toBeCloseTo(0.9, 1);
  });

  test.each(['shared', 'mixed'])('a newest night on a %s core is not judged by nights on a free one', (state) => {
    const [tracked] = track(on([...repeat(20, 'free'), ...repeat(4, state)]));
    expect(tracked).toMatchObject({ levels: [], news: [], doubt: 'measured on a shared core' });
  });

  test('a newest night that is not judged leaves the levels of the nights on a free core, and of those that do not tell', () => {
    const states = [...repeat(6, undefined), ...repeat(14, 'free'), ...repeat(3, 'mixed'), 'shared'];
    const [{ levels, doubt, news }] = track(on(states, 12));
    expect(doubt).toBe('measured on a shared core');
    expect(news).toEqual([]);
    expect(levels).toMatchObject([{ runs: 9 }]);
    expect(Number(levels[0].began.git_commit)).toBe(12);
  });

  test('as many nights on a free core as on a shared one judge no shared one', () => {
    const half = on([...repeat(4, 'shared'), ...repeat(5, 'free'), 'shared']);
    expect(track(half)[0].doubt).toBe('measured on a shared core');
    expect(track(half.slice(0, 3).concat(half))[0].doubt).toBeUndefined();
  });

  test('where the core was always shared, a level is found as anywhere', () => {
    expect(track(on(repeat(23, 'shared'), 21))[0]).toMatchObject({ news: [{ what: 'speed' }], doubt: undefined });
  });

  test('nights that do not tell go with any', () => {
    const [tracked] = track(on([...repeat(10, undefined), ...repeat(13, 'free')], 21));
    expect(tracked).toMatchObject({ news: [{ what: 'speed' }], levels: [{ runs: 3 }], doubt: undefined });
  });
});

test('other inputs begin a history anew', () => {
  expect(track(nights(30, 20, (number) => (number >= 20 ? { input_hash: 'i2' } : {})))[0]).toMatchObject({
    runs: 11,
    levels: [],
  });
});

test("the baseline's own ratio is no history of speed", () => {
  const runs = Array.from({ length: 30 }, (_, i) => night(i + 1, { dense: { speedup: i < 20 ? 1 : 0.5 } }));
  expect(track(runs)[0]).toMatchObject({ levels: [], doubt: undefined });
});

describe('levels', () => {
  /** Nights at each level, of 1 % noise. */
  const at = (...levels: readonly (readonly [nights: number, speedup: number])[]) => {
    const speedups = levels.flatMap(([count, speedup]) => Array.from({ length: count }, () => speedup));
    return speedups.map((speedup, i) => night(i + 1, { int4: { speedup: speedup * noise[i] } }));
  };

  test('each has its own nights, and the newest says whether it is worse', () => {
    const [up] = track(at([20, 2], [15, 1.6], [3, 1.9]));
    expect(up.levels.map(({ runs }) => runs)).toEqual([15, 3]);
    expect(up.news).toEqual([{ isWorse: false, what: 'speed' }]);
    const [down] = track(at([20, 2], [15, 2.4], [3, 1.9]));
    expect(down.news).toEqual([{ isWorse: true, what: 'speed' }]);
  });

  test('are told of a case that the newest run lacks, as no news of it', () => {
    const runs = [...at([20, 2], [3, 1.6]), night(24, { csr: {} })];
    const tracked = track(runs).find(({ row }) => row.technique === 'int4');
    expect(tracked).toMatchObject({ levels: [{ runs: 3 }], news: [{ isWorse: true, what: 'vanished' }] });
  });

  test('are not told by a night that failed, nor is the level before it news again', () => {
    const runs = [...at([20, 2], [3, 1.6]), night(24, { int4: { status: 'error', reason: 'broke' } })];
    expect(track(runs)[0].news.map(({ what }) => what)).toEqual(['was ok, is error: broke']);
  });

  test('that a night with worse and better figures shows is worse', () => {
    const runs = at([8, 2]);
    const changed = night(9, { int4: { speedup: 2, sqnr_db: 30, stored_bytes: 90 } });
    const [{ news }] = track([...runs, changed]);
    expect(news).toEqual([{ isWorse: true, what: 'drift or bytes' }]);
  });

  test('what would be seen of the next one goes by the noise of the case and of those like it', () => {
    const steady = at([30, 2]);
    const [{ detectable }] = track(steady);
    expect(detectable).toBeGreaterThan(0.02);
    expect(detectable).toBeLessThan(0.08);
    expect(track(steady.slice(0, 1))[0].detectable).toBe(Number.POSITIVE_INFINITY);
    expect(track(steady.slice(0, 2))[0].detectable).toBe(Number.POSITIVE_INFINITY);
    const beside = (kind: 'alike' | 'wild') =>
      steady.slice(0, 8).map((run, i) => {
        const others = Array.from({ length: 30 }, (_, k) => {
          const id = `int4 ${k}`;
          const speedup = 2 * noise[(7 * i + 11 * k) % 60] ** (kind === 'wild' ? 5 : 1);
          return [id, { ...rowOf('int4'), case_id: id, speedup }] as const;
        });
        return { ...run, rows: new Map([...run.rows, ...others]) };
      });
    const amongOthers = (kind: 'alike' | 'wild') =>
      track(beside(kind)).find(({ row }) => row.case_id === caseId('int4'))?.detectable ?? 0;
    expect(amongOthers('alike')).toBeLessThan(amongOthers('wild') / 2);
  });
});

describe('the newest run', () => {
  const before = [night(1, { int4: {}, csr: {} }), night(2, { int4: {}, csr: {} })];
  const newsOf = (runs: readonly HistoryRun[]) =>
    Object.fromEntries(track(runs).map(({ row, news }) => [row.technique, news.map(({ what }) => what)]));
  const worseOf = (runs: readonly HistoryRun[]) =>
    Object.fromEntries(track(runs).map(({ row, news }) => [row.technique, news.map(({ isWorse }) => isWorse)]));

  test('lacks a case: vanished', () => {
    expect(newsOf([...before, night(3, { int4: {} })])).toEqual({ int4: [], csr: ['vanished'] });
  });

  test('lacks a case because it was interrupted: no news', () => {
    const missing = new Set([rowOf('csr').case_id ?? '']);
    expect(newsOf([...before, night(3, { int4: {} }, { missing })])).toEqual({ int4: [], csr: [] });
  });

  test('lacks a case that the run before had not come to: vanished all the same', () => {
    const missing = new Set([rowOf('csr').case_id ?? '']);
    const runs = [...before, night(3, { int4: {} }, { missing }), night(4, { int4: {} })];
    expect(newsOf(runs)).toEqual({ int4: [], csr: ['vanished'] });
  });

  test('has other inputs: its history begins anew, and says so', () => {
    const news = newsOf([...before, night(3, { int4: { input_hash: 'other' }, csr: {} })]);
    expect(news).toEqual({ int4: [expect.stringMatching(/^has other inputs/)], csr: [] });
  });

  test('has a new case, and one that fails now', () => {
    const runs = [...before, night(3, { int4: { status: 'error', reason: 'broke' }, csr: {}, nf4: {} })];
    expect(newsOf(runs)).toEqual({ int4: ['was ok, is error: broke'], csr: [], nf4: ['new'] });
  });

  test('says what is worse: what failed or vanished, and not what is new or asked otherwise', () => {
    const changed = { int4: { status: 'error' }, nf4: {}, csr: { input_hash: 'other' } };
    expect(worseOf([...before, night(3, changed)])).toEqual({ int4: [true], csr: [false], nf4: [false] });
    expect(worseOf([...before, night(3, { int4: {} })])).toEqual({ int4: [], csr: [true] });
  });

  test('has a case that failed before and fails still, or runs again: no news; one that failed and is gone: none either', () => {
    const failing = night(2, { int4: { status: 'error' }, csr: { status: 'error' }, nf4: { status: 'error' } });
    const now = night(3, { int4: { status: 'error' }, csr: {} });
    expect(newsOf([before[0], failing, now])).toEqual({ int4: [], csr: [], nf4: [] });
  });

  test('fails in a case that it is the first to have: no news', () => {
    expect(newsOf([...before, night(3, { int4: {}, csr: {}, nf4: { status: 'error' } })])).toMatchObject({ nf4: [] });
  });

  test('is the only one: nothing to say', () => {
    expect(newsOf([night(1, { int4: {} })])).toEqual({ int4: [] });
  });
});

describe('what people said', () => {
  const at = '2031-01-01';
  const commit = (number: number) => String(number).padStart(40, '0');
  /** Newest first, as git tells them. */
  const commits = Array.from({ length: 60 }, (_, i) => commit(60 - i));
  const told = (runs: readonly HistoryRun[], ...events: HistoryEvent[]) =>
    trackHistory(runs, undefined, toldBy(events, commits))[0];
  const accept = (number: number, cases = 'int4'): HistoryEvent => ({
    kind: 'accept',
    at,
    text: 'wider blocks',
    cases,
    commit: commit(number),
  });
  const silence = (from: number, until: number): HistoryEvent => ({
    kind: 'silence',
    at: `2031-01-${from}T09:00:00.000Z`,
    text: 'being looked at',
    cases: 's:int4*',
    until: `2031-01-${until}`,
  });
  const speedNews = [{ isWorse: true, what: 'speed' }];

  test('takes a level that is meant from a commit on for no news, wherever near it that is found, and no other one', () => {
    expect(told(nights(23, 21), accept(21))).toMatchObject({ news: [], levels: [{ accepted: 'wider blocks' }] });
    expect(told(nights(23, 21), accept(19))).toMatchObject({ news: [], levels: [{ accepted: 'wider blocks' }] });
    for (const other of [accept(12), accept(21, 'csr'), accept(1), accept(59)])
      expect(told(nights(23, 21), other).news).toEqual(speedNews);
    // No run has the very commit, which lies between two of them.
    const sparse = nights(23, 21).map((run, i) =>
      night(i + 1, { int4: { ...[...run.rows.values()][0], git_commit: commit(i < 20 ? 7 : 40) } }),
    );
    expect(told(sparse, accept(33)).news).toEqual([]);
  });

  test('lets a second level behind an accepted one be news', () => {
    const runs = nights(40, 15).map((run, i) => (i < 35 ? run : night(i + 1, { int4: { speedup: 1.4 * noise[i] } })));
    const first = Array.from({ length: 6 }, (_, i) => told(runs.slice(0, 35 + i), accept(15)));
    expect(first.flatMap(({ news }) => news)).toEqual(speedNews);
    expect(first.at(-1)?.levels.map(({ accepted }) => accepted)).toEqual(['wider blocks', undefined]);
  });

  test('takes drift that is meant for no news, only where it begins with the commit', () => {
    const drifted = nights(9, 99, (number) => (number < 9 ? {} : { sqnr_db: 30 }));
    expect(told(drifted, accept(9)).news).toEqual([]);
    expect(told(drifted, accept(8)).news).toEqual([{ isWorse: true, what: 'drift or bytes' }]);
  });

  test('silences news until a day, and what still holds afterwards is news then, once', () => {
    const news = (count: number) => told(nights(count, 18), silence(18, 25));
    const said = Array.from({ length: 12 }, (_, i) => news(19 + i));
    expect(said.slice(0, 7).map(({ silence: held }) => held?.until)).toEqual([
      undefined,
      ...new Array(6).fill('2031-01-25'),
    ]);
    expect(said.map((tracked) => tracked.news)).toEqual([
      ...new Array(7).fill([]),
      speedNews,
      ...new Array(4).fill([]),
    ]);
  });

  test('silences drift and failures in the same way', () => {
    const drifted = (count: number) => nights(count, 99, (number) => (number < 18 ? {} : { sqnr_db: 30 }));
    const failed = (count: number) =>
      nights(count, 99, (number) => (number < 18 ? {} : { status: 'error', reason: 'x' }));
    for (const runs of [drifted, failed]) {
      const said = Array.from({ length: 12 }, (_, i) => told(runs(17 + i), silence(18, 25)).news.length);
      expect(said).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
  });

  test('gives a machine that was changed a new history of speed, and none of drift', () => {
    const changed = (machine?: string): HistoryEvent => ({
      kind: 'machine',
      at: '2031-01-21',
      text: 'turbo off',
      machine,
    });
    const runs = nights(30, 21, (number) => (number < 30 ? {} : { sqnr_db: 30 }));
    expect(told(runs).levels).toHaveLength(1);
    expect(told(runs, changed('CPU A'))).toMatchObject({ levels: [], news: [{ what: 'drift or bytes' }] });
    expect(told(runs, changed('CPU B')).levels).toHaveLength(1);
  });
});

describe('a case that may have changed', () => {
  const suspects = (runs: readonly HistoryRun[]) => [...suspectedCases(runs)];

  test('is suspected from the first night that lies astray until the level is known, and a steady one is not', () => {
    const from = (count: number) => suspects(nights(count, 21)).length;
    expect([20, 21, 22].map(from)).toEqual([0, 1, 1]);
    expect(from(29)).toBe(0);
  });

  test('is hardly ever suspected for nothing', () => {
    const alarms = Array.from({ length: 40 }, (_, i) => suspects(nights(20 + i)).length);
    expect(alarms.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4);
  });
});

describe('a night whose time had no room for the case', () => {
  const left = (run: HistoryRun): HistoryRun => {
    const ids = new Set(run.rows.keys());
    return { ...run, rows: new Map(), missing: ids, leftOut: ids };
  };

  test('takes it neither for vanished nor, when it is back, for new', () => {
    const runs = nights(12);
    expect(track([...runs.slice(0, 11), left(runs[11])])[0].news).toEqual([]);
    expect(track([...runs.slice(0, 9), left(runs[9]), left(runs[10]), runs[11]])[0]).toMatchObject({
      news: [],
      runs: 10,
    });
  });

  test('lets a failure be news once, and drift be seen over the gap', () => {
    const failing = nights(12, 99, (number) => (number < 9 ? {} : { status: 'error', reason: 'x' }));
    const said = [8, 9, 10, 11].map((last) => {
      const runs = failing.slice(0, last + 1).map((run, i) => (i === 9 || i === 10 ? left(run) : run));
      return track(runs)[0].news.length;
    });
    expect(said).toEqual([1, 0, 0, 0]);
    const drifting = nights(12, 99, (number) => (number < 10 ? {} : { sqnr_db: 30 }));
    const gap = drifting.map((run, i) => (i === 9 || i === 10 ? left(run) : run));
    expect(track(gap)[0].news).toEqual([{ isWorse: true, what: 'drift or bytes' }]);
  });
});
