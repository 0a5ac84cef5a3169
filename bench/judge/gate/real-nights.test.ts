import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { caseId, machine, rowOf } from '../../fixtures/run-files.ts';
import type { ResultRow } from '../../results/columns.ts';
import { joinPasses } from '../../run/join-passes.ts';
import { seededRandom } from '../../statistics/random.ts';
import { plantStep } from './planted-step.ts';
import { judgeRealNights } from './real-nights.ts';
import { falseVerdicts, figuresOf, formatBackends, formatFigures, missedGoals } from './real-table.ts';
import { planRecording } from './record-history.ts';
import {
  type HistoryDescription,
  isRecorded,
  type RecordedRun,
  readRecordedHistories,
  readRecordedHistory,
  writeDescription,
  writeRecordedRun,
} from './recorded-history.ts';

const TECHNIQUES = Array.from({ length: 8 }, (_, i) => `t${i}`);

/** Runs of one commit: five processes a case, which differ by the deviation, as runs do by what that makes of their medians. */
function history(count: number, deviation: number, factorOf = (_run: number, _technique: string) => 1): RecordedRun[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, run) => {
    const rows = TECHNIQUES.map((technique) => {
      const noise = Math.exp(deviation * Math.sqrt(1.43 / 5) * random.gaussian());
      const timeFactor = factorOf(run + 1, technique);
      const row = rowOf(technique, {
        processes: 5,
        speedup_sd_between: deviation,
        speedup: 2 * noise,
        p20_ns: 1000 / noise,
        started_at: new Date(Date.UTC(2031, 0, run + 1)).toISOString(),
      });
      return plantStep(row, timeFactor);
    });
    return { isBesideLoad: run % 2 === 1, rows: [rowOf('dense', { speedup: 1 }), ...rows] };
  });
}

describe('steady runs', () => {
  const nights = judgeRealNights(history(10, 0.004));

  test('are judged in all 45 pairs without a false verdict, and reach every goal', () => {
    expect(nights.pairs).toHaveLength(45);
    expect(nights.pairs.every(({ cases }) => cases.length === TECHNIQUES.length)).toBe(true);
    expect(falseVerdicts(nights)).toEqual([]);
    expect(missedGoals(figuresOf(nights))).toEqual([]);
  });

  test('show every planted step, each way and by track', () => {
    const tables = formatFigures(figuresOf(nights));
    expect(tables).toContain('| steps of 5 % that `compare` finds, in all cases | 720 of 720 (100 %) |  |');
    expect(tables).toContain(
      '| steps of 10 % that `track` finds within 5 nights, in cases that could be judged | 8 of 8 (100 %) | at least 95 % |',
    );
    expect(formatBackends(nights).split('\n')[2]).toMatch(
      /^\| ts \| 360 \| 0 \| 100 % \| 0 % \| 9\d % of 7\d\d in 720 \| 100 % of 720 in 720 \|/,
    );
  });
});

test('a run in which a case really lay elsewhere is reported with the pairs it spoils', () => {
  const nights = judgeRealNights(history(5, 0.004, (run, technique) => (run === 5 && technique === 't3' ? 1.2 : 1)));
  const said = falseVerdicts(nights);
  expect(said).toHaveLength(4);
  expect(said[1]).toBe(`run 2 against 5, beside a load: slower: ${caseId('t3')}`);
  expect(missedGoals(figuresOf(nights))).toContain(
    'pairs of runs with a false `faster` or `slower`: must be at most 0, got 4 of 10 (40 %)',
  );
});

test('a level that lasts is a false alarm of track, once', () => {
  const nights = judgeRealNights(history(14, 0.002, (run, technique) => (run > 10 && technique === 't3' ? 1.2 : 1)));
  expect(nights.falseAlarms).toEqual([{ night: 13, caseId: caseId('t3'), what: 'speed' }]);
  expect(missedGoals(figuresOf(nights)).join('\n')).toMatch(/false alarm: must be at most 0, got 1 of 11/);
});

test('figures that scatter miss the goals of what is seen, and say that little could be judged', () => {
  const nights = judgeRealNights(history(6, 0.08));
  const [, , , same] = figuresOf(nights);
  expect(same.count / same.total).toBeLessThan(0.6);
  const missed = missedGoals(figuresOf(nights)).join('\n');
  expect(missed).toMatch(/`same` within ±5 %.*: must be at least 60 %/);
  expect(missed).toMatch(/steps of 5 % that `compare` finds, in cases that could be judged: .* got none to try it on/);
});

test('cases that were not on one kind of core can show no step, however steady', () => {
  const runs = history(2, 0.004).map((run, i) => ({
    ...run,
    rows: run.rows.map((row) => ({ ...row, core_state: i === 0 ? 'free' : 'shared' })),
  }));
  const [{ cases }] = judgeRealNights(runs).pairs;
  expect(cases[0]).toMatchObject({ verdict: 'inconclusive', reason: 'measured on a shared core' });
  expect(cases[0].steps).toEqual([0.03, 0.05, 0.1].map((step) => ({ step, tried: 2, found: 0, canBeJudged: false })));
});

test('a step planted into a row is what scaled rounds come to', () => {
  const random = seededRandom(3);
  const ratios = Array.from({ length: 3 }, () => Array.from({ length: 8 }, () => 1 + 0.02 * random.gaussian()));
  const joined = (timeFactor: number) => {
    const results = ratios.map((own) => ({
      status: 'ok' as const,
      samples: {
        candidate: { rounds: own.map((ratio) => [timeFactor * 500 * ratio]), dropped: 0 },
        baseline: { rounds: own.map(() => [1000]), dropped: 0 },
      },
    }));
    const { ratio, summary, speedupSdBetween } = joinPasses(results, { seed: 0, baselineP20Ns: undefined });
    return rowOf('t', {
      speedup: ratio?.speedup,
      speedup_ci95_low: ratio?.ci95?.low,
      speedup_ci95_high: ratio?.ci95?.high,
      speedup_sd_between: speedupSdBetween,
      p20_ns: summary?.p20Ns,
      median_ns: summary?.medianNs,
    });
  };
  for (const [name, value] of Object.entries(joined(1.03)))
    expect([name, plantStep(joined(1), 1.03)[name as keyof ResultRow]]).toEqual([
      name,
      typeof value === 'number' ? expect.closeTo(value, 6) : value,
    ]);
});

test('a planted step moves times and speed-ups against each other, and nothing else', () => {
  const row = rowOf('t', {
    speedup: 2,
    p20_ns: 1000,
    median_ns: 1100,
    ci95_high_ns: undefined,
    speedup_sd_between: 0.1,
  });
  const slower = plantStep(row, 1.25);
  expect(slower).toEqual({
    ...row,
    ...pick(slower, 'speedup', 'speedup_ci95_low', 'speedup_ci95_high', 'p20_ns', 'median_ns'),
  });
  expect([slower.speedup, slower.p20_ns, slower.median_ns]).toEqual([1.6, 1250, 1375]);
  expect(slower.speedup_ci95_low).toBeCloseTo((2 * 0.995) / 1.25, 12);
  expect(slower.speedup_ci95_high).toBeCloseTo((2 * 1.005) / 1.25, 12);
  expect('ci95_high_ns' in slower && slower.ci95_high_ns).toBe(undefined);
});

function pick(row: ResultRow, ...names: (keyof ResultRow)[]): ResultRow {
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

describe('on disk', () => {
  const parent = mkdtempSync(join(tmpdir(), 'tare-gate-'));
  afterAll(() => rmSync(parent, { recursive: true }));
  const commit = 'a'.repeat(40);
  const description: HistoryDescription = {
    commit,
    machine,
    preset: 'quick',
    backends: ['ts'],
    threads: 2,
    runs: ['run-01.csv.gz', 'run-02.csv.gz'].map((file, i) => ({ file, beside_load: i === 1 })),
  };
  const runs = history(2, 0.01);

  test('a history is read as it was written, cell by cell', () => {
    const folder = join(parent, 'two');
    writeDescription(folder, description);
    expect(isRecorded(folder, 'run-01.csv.gz')).toBe(false);
    for (const [i, { rows }] of runs.entries()) writeRecordedRun(folder, description.runs[i].file, rows);
    const [read] = readRecordedHistories(parent);
    expect(read).toMatchObject({ name: 'two', description });
    expect(read.runs).toMatchObject(runs);
  });

  test('recording makes what is missing, of the commit it was begun with, four of ten beside a load', () => {
    const folder = join(parent, 'begun');
    const git = { commit, dirty: false };
    const plan = planRecording(folder, 10, git);
    expect(plan.missing).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(plan.description.runs.filter(({ beside_load }) => beside_load)).toHaveLength(4);
    for (const file of ['run-01.csv.gz', 'run-03.csv.gz']) writeRecordedRun(folder, file, runs[0].rows);
    expect(planRecording(folder, 10, git)).toEqual({ ...plan, missing: [2, 4, 5, 6, 7, 8, 9, 10] });
    expect(() => planRecording(folder, 10, { commit: 'b', dirty: false })).toThrow(
      /begun with commit "a{40}", got "b"/,
    );
    expect(() => planRecording(folder, 10, { commit, dirty: true })).toThrow(/without changes, got changes/);
    expect(() => planRecording(folder, 9, git)).toThrow(/begun with runs 10, got 9/);
    for (const { file } of plan.description.runs) writeRecordedRun(folder, file, runs[0].rows);
    expect(planRecording(folder, 10, undefined)).toEqual({ ...plan, missing: [] });
    rmSync(folder, { recursive: true });
  });

  test('a folder that can not be written is said', () => {
    writeFileSync(join(parent, 'file'), '');
    expect(() => writeDescription(join(parent, 'file', 'x'), description)).toThrow(
      /--record: must be a folder tare can write, got ENOTDIR/,
    );
  });

  test.each([
    [
      'a run that is missing',
      (folder: string) => rmSync(join(folder, 'run-02.csv.gz')),
      /run-02.csv.gz: must be there, got none/,
    ],
    [
      'a run of another commit',
      (folder: string) =>
        writeRecordedRun(
          folder,
          'run-02.csv.gz',
          runs[1].rows.map((row) => ({ ...row, git_commit: 'b'.repeat(40) })),
        ),
      /run-02.csv.gz: must hold rows of commit a{40} as it is, got b{40}/,
    ],
    [
      'a run of a changed checkout',
      (folder: string) =>
        writeRecordedRun(
          folder,
          'run-02.csv.gz',
          runs[1].rows.map((row) => ({ ...row, git_dirty: true })),
        ),
      /got a{40} with changes/,
    ],
    [
      'no gzip',
      (folder: string) => writeFileSync(join(folder, 'run-02.csv.gz'), 'a,b'),
      /must be a gzipped CSV, got Z_DATA_ERROR/,
    ],
    [
      'half a description',
      (folder: string) => writeFileSync(join(folder, 'history.json'), '{'),
      /must describe a history of runs, got no JSON/,
    ],
    ['no description', (folder: string) => rmSync(join(folder, 'history.json')), /must hold history.json, got none/],
  ])('%s is refused', (_, damage, message) => {
    const folder = mkdtempSync(join(parent, 'damaged-'));
    writeDescription(folder, description);
    for (const [i, { rows }] of runs.entries()) writeRecordedRun(folder, description.runs[i].file, rows);
    damage(folder);
    expect(() => readRecordedHistory(folder)).toThrow(message);
    rmSync(folder, { recursive: true });
  });
});
