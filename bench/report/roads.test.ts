import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { backends } from '../backends/backend.ts';
import { expandCases } from '../cases/case.ts';
import { KERNELS_DIR, loadSuites, loadTechniques } from '../cases/registry.ts';
import { DEFAULT_SEED } from '../contract/case.ts';
import { matchesFilter } from '../contract/case-filter.ts';
import type { Comparison } from '../contract/suite.ts';
import { rowOf } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import { roadData, roadLines } from './road-table.ts';
import { type LossesOf, roadsOf } from './roads.ts';

/** A whole model as it is. */
const model = (weights: string, ppl: number, more: Partial<ResultRow> = {}): ResultRow =>
  rowOf('dense', { case_id: `roads:dense:wasm:weights=${weights}`, op: 'model', weights, ppl, ppl_ratio: 1, ...more });
const losses: Readonly<Record<string, readonly number[]>> = {
  student: [3, 3.02, 2.98],
  narrow: [3.1, 3.12, 3.08],
  scattered: [2.9, 3.2, 3.14],
  adapters: [2.95, 2.96, 2.94],
};
const lossesOf: LossesOf = (recipe) => losses[recipe] ?? [];
const ppl = (recipe: string) => Math.exp(losses[recipe][0]);
const rows = [
  model('moby', 18),
  ...['student', 'narrow', 'scattered'].map((weights) => model(weights, ppl(weights))),
  model('moby', 19.8, {
    case_id: 'roads:int3:wasm:weights=moby',
    ppl_ratio: 1.1,
    ppl_ratio_ci95_low: 1.08,
    ppl_ratio_ci95_high: 1.12,
  }),
  model('moby', 18.9, {
    case_id: 'roads:int3:wasm:correction=svd,weights=moby',
    ppl_ratio: 1.05,
    ppl_ratio_ci95_low: 1.04,
    ppl_ratio_ci95_high: 1.06,
  }),
  model('moby', ppl('adapters'), { case_id: 'roads:int3:wasm:correction=learned,weights=moby', ppl_ratio: 1.06 }),
];
const comparison = (of: string, control: string, more: Partial<Comparison> = {}): Comparison => ({
  road: 'a road',
  cases: { is: 'the one', filter: of },
  control: { is: 'the other', filter: control },
  by: 'perplexity',
  ...more,
});
const judge = (of: string, control: string, more: Partial<Comparison> = {}) =>
  roadsOf(rows, { comparisons: [comparison(of, control, more)], reference: 'dense:wasm:weights=moby' }, lossesOf)[0];

test('trained models are told apart by the scatter of their seeds', () => {
  // Means 3.0 and 3.1, each with a deviation of 0.02: t(4, 97.5 %) = 2.776, so 0.1 ± 0.0453.
  const road = judge('weights=student', 'weights=narrow');
  expect(road).toMatchObject({ verdict: 'better', cases: { seeds: 3 }, control: { seeds: 3 } });
  expect(road.factor?.value).toBeCloseTo(Math.exp(0.1));
  expect(road.factor?.interval.low).toBeCloseTo(Math.exp(0.1 - 2.776 * Math.sqrt(2 * (0.0004 / 3))), 4);
  expect(judge('weights=narrow', 'weights=student').verdict).toBe('worse');
  expect(judge('weights=scattered', 'weights=narrow').verdict).toBe('within noise');
});

test('a model is shown by the mean of its seeds, not by the one that is shipped', () => {
  expect(judge('weights=scattered', 'weights=narrow').cases.perplexityRatio).toBeCloseTo(Math.exp(3.08) / 18);
});

test('one model compressed in two ways is judged by the text, whatever its seeds', () => {
  const road = judge('correction=svd', 'int3:wasm:weights=moby');
  expect(road.verdict).toBe('better');
  expect(road.factor?.value).toBeCloseTo(1.1 / 1.05);
  expect(judge('correction=svd', 'dense:wasm:weights=moby').verdict).toBe('worse');
});

test('what was learned beside a model has the scatter of its own seeds, and a single seed that of the other', () => {
  const cases = { is: 'learned', filter: 'correction=learned', recipe: 'adapters' };
  const road = judge('', 'correction=svd', { cases });
  expect(road.factor?.value).toBeCloseTo(18.9 / Math.exp(2.95));
  expect(road.verdict).toBe('within noise');
});

test('two models of one seed each are not judged, nor what was not measured', () => {
  const [a, b] = [model('a', 20), model('b', 10)];
  const failed = model('d', 5, { status: 'incorrect' });
  const unscored = model('e', 5, { ppl: undefined });
  const comparisons = ['b', 'c', 'd', 'e'].map((control) => comparison('weights=a', `weights=${control}`));
  const roads = roadsOf([a, b, failed, unscored], { comparisons }, lossesOf);
  expect(roads.map(({ verdict }) => verdict)).toEqual(['one seed', ...Array(3).fill('not measured')]);
});

test('what a run has nothing of is left out, and backends are held against themselves', () => {
  const on = (backend: string, weights: string) =>
    model(weights, 20, { backend, case_id: `roads:dense:${backend}:weights=${weights}` });
  const roads = roadsOf(
    [on('ts', 'a'), on('wasm', 'a'), on('wasm', 'b')],
    { comparisons: [comparison('weights=a', 'weights=b'), comparison('weights=x', 'weights=y')] },
    lossesOf,
  );
  expect(roads.map(({ backend, verdict }) => [backend, verdict])).toEqual([
    ['ts', 'not measured'],
    ['wasm', 'one seed'],
  ]);
});

test('speed is judged round by round beside the control, else by the intervals of both times', () => {
  const timed = (technique: string, p20_ns: number, more: Partial<ResultRow> = {}) =>
    rowOf(technique, {
      case_id: `roads:${technique}:wasm:M=1`,
      baseline_case_id: 'roads:slow:wasm:M=1',
      p20_ns,
      ci95_low_ns: p20_ns / 1.1,
      ci95_high_ns: p20_ns * 1.1,
      ...more,
    });
  const paired = { speedup: 1.03, speedup_ci95_low: 1.02, speedup_ci95_high: 1.04 };
  const all = [timed('slow', 1000), timed('fast', 960, paired), timed('other', 990)];
  const by = { by: 'speed' } as const;
  const roads = roadsOf(
    all,
    { comparisons: [comparison('fast', 'slow', by), comparison('fast', 'other', by)] },
    lossesOf,
  );
  expect(roads.map(({ verdict }) => verdict)).toEqual(['better', 'within noise']);
  const short = all.map((row) => ({ ...row, ci95_low_ns: undefined }));
  expect(roadsOf(short, { comparisons: [comparison('fast', 'other', by)] }, lossesOf)[0].verdict).toBe('not measured');
  expect(roads[1].factor?.value).toBeCloseTo(990 / 960);
});

test('the table has each road with its control below it, in 80 columns and in 100', () => {
  const roads = [judge('weights=student', 'weights=narrow'), judge('weights=student', 'weights=nowhere')];
  for (const width of [80, 100]) {
    const lines = roadLines(roads, width).map(stripVTControlCharacters);
    expect(
      Math.max(
        ...lines
          .join('\n')
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(width);
    expect(lines.join('\n')).toContain('better');
  }
  expect(roadLines([], 80)).toEqual([]);
  expect(roadData(roads[1])).toMatchObject({ road: 'a road', verdict: 'not measured', factor: undefined });
});

test("each side of tare's own comparisons is one case of the suite", async () => {
  const [suites, techniques] = [await loadSuites(), await loadTechniques([KERNELS_DIR])];
  for (const [id, suite] of suites) {
    const selection = { suites: new Map([[id, suite]]), techniques, preset: 'quick', seed: DEFAULT_SEED } as const;
    const ids = backends.map((backend) => backend.id);
    const cases = expandCases({ ...selection, backends: ids, defaultBackends: ids });
    const named = (filter: string) => cases.filter((entry) => matchesFilter(entry.id, filter)).map((entry) => entry.id);
    const filters = (suite.comparisons ?? []).flatMap(({ cases: own, control }) => [own.filter, control.filter]);
    for (const filter of [...filters, suite.reference ?? []].flat()) expect(named(filter), filter).toHaveLength(1);
  }
});
