// golden/ holds what tare writes of the run below, and read-back.json what the formats' own readers make of it (.oracles/exports.py).
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { caseId, rowOf, writeRun } from '../../fixtures/run-files.ts';
import type { ResultRow } from '../../results/columns.ts';
import { readRows } from '../../results/csv.ts';
import { failureReason } from '../../results/failure.ts';
import { exportFormatNames, exportFormats } from './export-formats.ts';

const HOSTILE = `</script><script>alert("1")</script> ]]> & 'q' \\n \\ | 🦣 \uFFFF`;
const attempt = (technique: string, figures: ResultRow) =>
  rowOf(technique, { suite: 'sparse', technique, took_s: 1.5, ...figures });
const failed = (status: string, reason: string) =>
  attempt(status, { status, reason, p20_ns: undefined, speedup: undefined, sqnr_db: undefined, drift_ok: undefined });

const run: readonly ResultRow[] = [
  attempt('dense', { ci95_low_ns: 990.5, ci95_high_ns: 1010.5, speedup: 1, threads: 2, samples: 120 }),
  attempt('int4', { status: 'noisy', reason: 'the speed-up lies between 0.5 and 8', rel_fro_err: 1.5e-7 }),
  attempt('drifts', { drift_ok: false, sqnr_db: 3, drift_budget_db: 20 }),
  failed('skipped', 'no GPU adapter'),
  failed('unsupported', 'K must be a multiple of 256, got 64'),
  failed('incorrect', HOSTILE),
  failed('error', '=cmd|"/C calc"!A1\nsecond line\u001b[2J'),
  failed('timeout', 'no answer within 60 s'),
  failed('oom', 'heap out of memory'),
  attempt(HOSTILE, { suite: HOSTILE, weights: HOSTILE, params: HOSTILE, git_commit: undefined, took_s: 1e-9 }),
  attempt('q4-0', { suite: 'models', op: 'model', ppl: 18.9, kld_mean: 0.003, kld_mean_ci95_low: 0.002 }),
  attempt('undated', { suite: undefined, took_s: undefined, started_at: 'yesterday', accuracy_pct: 97.5 }),
];
const rows = readRows(writeRun(mkdtempSync(join(tmpdir(), 'tare-exports-')), 'r1', run));
const golden = (name: string) => join(import.meta.dirname, 'golden', name);
const parsed = (name: string) => JSON.parse(readFileSync(golden(name), 'utf8'));

const FILES = {
  bmf: 'bmf.json',
  'github-action-benchmark': 'github-action-benchmark.json',
  junit: 'junit.xml',
  openmetrics: 'openmetrics.txt',
  'google-benchmark': 'google-benchmark.json',
} as const;

test.each(exportFormatNames)('%s is written as its readers were shown it', async (name) => {
  await expect(exportFormats[name].format(rows)).toMatchFileSnapshot(golden(FILES[name]));
});

const measured = rows.filter(({ p20_ns }) => p20_ns !== undefined);

describe('junit', () => {
  const { suites } = parsed('read-back.json').junit;
  const cases = suites.flatMap(({ cases: own }: { cases: object[] }) => own);

  test('every case is a test of its suite; how often it failed is counted', () => {
    expect(cases.map(({ name }: { name: string }) => name).toSorted()).toEqual(
      rows.map(({ case_id }) => case_id?.replaceAll('\uFFFF', '\uFFFD')).toSorted(),
    );
    expect(suites[0]).toMatchObject({ name: 'sparse', tests: 9, failures: 2, errors: 3, skipped: 2, time: 13.5 });
  });

  test.each([
    ['dense', []],
    ['int4', []],
    ['drifts', ['Failure', 'drifted']],
    ['skipped', ['Skipped', null]],
    ['unsupported', ['Skipped', null]],
    ['incorrect', ['Failure', 'incorrect']],
    ['error', ['Error', 'error']],
    ['timeout', ['Error', 'timeout']],
    ['oom', ['Error', 'oom']],
  ])('%s comes out as %j, with its reason', (technique, [kind, type]) => {
    const row = rows.find((one) => one.technique === technique) ?? {};
    const message = failureReason(row).replaceAll('\uFFFF', '\uFFFD');
    const { result } = cases.find(({ name }: { name: string }) => name === caseId(technique));
    expect(result).toEqual(kind === undefined ? [] : [{ kind, type, message }]);
  });
});

describe('openmetrics', () => {
  const { families } = parsed('read-back.json').openmetrics;
  const valuesOf = (name: string) => {
    const { samples } = families.find((one: { name: string }) => one.name === name);
    return samples.map(({ labels, value }: { labels: { case_id: string }; value: number }) => [labels.case_id, value]);
  };

  test.each<[string, (row: ResultRow) => number | undefined]>([
    ['tare_case_time_seconds', ({ p20_ns = 0 }) => p20_ns / 1e9],
    ['tare_case_speedup_ratio', ({ speedup }) => speedup],
    ['tare_case_speedup_ci95_high_ratio', ({ speedup_ci95_high }) => speedup_ci95_high],
    ['tare_case_stored_bytes', ({ stored_bytes }) => stored_bytes],
    ['tare_case_sqnr_decibels', ({ sqnr_db }) => sqnr_db],
  ])('%s is read as the row has it, in base units', (name, value) => {
    const expected = measured.map((row) => [row.case_id, expect.closeTo(value(row) ?? 0, 12)]);
    expect(valuesOf(name)).toEqual(expected);
  });

  test('what came of a case and why is a label, whatever is in it', () => {
    const { samples } = families.find((one: { name: string }) => one.name === 'tare_case_status');
    const seen = samples.map(({ labels }: { labels: Record<string, string> }) => [labels.status, labels.reason ?? '']);
    const outcome = (row: ResultRow) => (row.technique === 'drifts' ? 'drifted' : row.status);
    expect(seen).toEqual(rows.map((row) => [outcome(row), failureReason(row)]));
  });

  test('no series stands there twice', () => {
    const lines = exportFormats.openmetrics.format(rows).match(/^tare_.*(?= \S+$)/gm) ?? [];
    expect(new Set(lines).size).toBe(lines.length);
  });
});

/** As https://bencher.dev/bmf.json has it, and no longer names than Bencher takes. */
const Metric = z.strictObject({
  value: z.number(),
  lower_value: z.number().optional(),
  upper_value: z.number().optional(),
});
const Bmf = z.record(z.string().min(1).max(1024), z.record(z.string().regex(/^[a-z0-9-]{1,64}$/), Metric));

test('bmf keeps to its schema and has every measured case, times under the measure that Bencher has', () => {
  const benchmarks = Bmf.parse(parsed('bmf.json'));
  expect(Object.keys(benchmarks)).toEqual(measured.map(({ case_id }) => case_id));
  expect(benchmarks[caseId('dense')]).toMatchObject({
    latency: { value: 1000, lower_value: 990.5, upper_value: 1010.5 },
    speedup: { value: 1, lower_value: 0.995, upper_value: 1.005 },
    'stored-bytes': { value: 100 },
  });
});

/** What the action takes out of each entry. */
const Entries = z.array(
  z.strictObject({
    name: z.string(),
    unit: z.string(),
    value: z.number(),
    range: z.string().optional(),
    extra: z.string().optional(),
  }),
);

test('github-action-benchmark has figures that get better by getting less, each under a name of its own', () => {
  const entries = Entries.parse(parsed('github-action-benchmark.json'));
  expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
  const int4 = entries.filter(({ name }) => name.startsWith(`${caseId('int4')} `));
  expect(int4.map(({ name, value, unit }) => [name.split(' ').at(-1), value, unit])).toEqual([
    ['p20_ns', 1000, 'ns'],
    ['stored_bytes', 100, 'bytes'],
    ['rel_fro_err', 1.5e-7, 'x'],
    ['1/speedup', 0.5, 'x'],
  ]);
  expect(entries[0]).toMatchObject({ range: '± 10' });
});

/** Fields that tools/compare.py and the action's googlecpp tool read. */
const Benchmarks = z.object({
  benchmarks: z.array(
    z.looseObject({
      name: z.string(),
      run_type: z.literal('iteration'),
      repetition_index: z.literal(0),
      threads: z.number(),
      iterations: z.number(),
      real_time: z.number(),
      cpu_time: z.number(),
      time_unit: z.literal('ns'),
    }),
  ),
});

test('google-benchmark has the fields that its readers take, and no case without a time', () => {
  const { benchmarks } = Benchmarks.parse(parsed('google-benchmark.json'));
  expect(benchmarks.map(({ name, real_time }) => [name, real_time])).toEqual(
    measured.map(({ case_id, p20_ns }) => [case_id, p20_ns]),
  );
  expect(benchmarks.find(({ name }) => name === caseId('drifts'))).toMatchObject({ label: 'drifted', sqnr_db: 3 });
});

test.each(['bmf', 'github-action-benchmark', 'google-benchmark'] as const)('%s stays whole within a page', (name) => {
  expect(exportFormats[name].format(rows)).not.toContain('<');
});
