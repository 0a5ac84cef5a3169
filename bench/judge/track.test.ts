import { describe, expect, test } from 'vitest';
import { rowOf, runArguments } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import type { HistoryRun } from '../results/history.ts';
import { seededRandom } from '../statistics/random.ts';
import { newLevel, trackHistory } from './track.ts';

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
    asked: undefined,
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
const track = (runs: readonly HistoryRun[]) => trackHistory(runs, 0);

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
  expect(newLevel([worse], [worse, point(97, 0.6, 0.7)])).toBeUndefined();
  expect(newLevel([worse, point(97, 0.6, 0.7), point(99, 0.7, 0.6)], [worse, point(97, 0.6, 0.7)])?.index).toBe(99);
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

test.each([
  ['another number of cores', { cpu_count: 8 }],
  ['another number of threads', { threads: 4 }],
  ['another GPU', { gpu_adapter: 'B' }],
])('%s is another machine', (_, figures) => {
  const gpu = { device: 'gpu', gpu_adapter: 'A', threads: 2 };
  const moved = nights(30, 20, (number) => ({ ...gpu, ...(number >= 20 ? figures : {}) }));
  expect(track(moved)[0]).toMatchObject({ runs: 11, levels: [], news: [] });
});

test('a GPU that a kernel on the CPU does not use is no part of its machine', () => {
  const changed = nights(30, 20, (number) => ({ device: 'cpu', gpu_adapter: number >= 20 ? 'B' : 'A' }));
  expect(track(changed)[0]).toMatchObject({ runs: 30, levels: [{ runs: 11 }] });
});

test('other inputs begin a history anew', () => {
  expect(track(nights(30, 20, (number) => (number >= 20 ? { input_hash: 'i2' } : {})))[0]).toMatchObject({
    runs: 11,
    levels: [],
  });
});

test("the baseline's own ratio is no history of speed", () => {
  const runs = Array.from({ length: 30 }, (_, i) => night(i + 1, { dense: { speedup: i < 20 ? 1 : 0.5 } }));
  expect(track(runs)[0].levels).toEqual([]);
});

describe('the newest run', () => {
  const before = [night(1, { int4: {}, csr: {} }), night(2, { int4: {}, csr: {} })];
  const newsOf = (runs: readonly HistoryRun[]) =>
    Object.fromEntries(track(runs).map(({ row, news }) => [row.technique, news.map(({ what }) => what)]));

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

  test('was asked for something else: nothing vanished', () => {
    const asked = (preset: 'quick' | 'nightly') => ({
      asked: { ...runArguments, preset },
    });
    const runs = [night(1, { int4: {}, csr: {} }, asked('nightly')), night(2, { int4: {} }, asked('quick'))];
    expect(newsOf(runs)).toEqual({ int4: [], csr: [] });
  });

  test('has a new case, and one that fails now', () => {
    const runs = [...before, night(3, { int4: { status: 'error', reason: 'broke' }, csr: {}, nf4: {} })];
    expect(newsOf(runs)).toEqual({ int4: ['was ok, is error: broke'], csr: [], nf4: ['new'] });
  });

  test('is the only one: nothing to say', () => {
    expect(newsOf([night(1, { int4: {} })])).toEqual({ int4: [] });
  });
});
