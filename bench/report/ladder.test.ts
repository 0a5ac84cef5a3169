import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { KERNELS_DIR, loadSuites, loadTechniques } from '../cases/registry.ts';
import { rowOf } from '../fixtures/run-files.ts';
import { ladderChart } from './html/ladder-chart.ts';
import { ladderData, laddersOf } from './ladder.ts';
import { formatSummary } from './summary.ts';

const times = (p20_ns: number) => ({ p20_ns, ci95_low_ns: p20_ns / 1.03, ci95_high_ns: p20_ns * 1.03 });
const dense = (backend: string, p20_ns: number) =>
  rowOf('dense', { ...times(p20_ns), backend, threads: 1, case_id: backend, baseline_case_id: backend });
const naive = rowOf('naive-matmul', { ...times(120_000), threads: 1 });
const rows = [
  { ...dense('wasm', 4000), status: 'noisy' as const },
  dense('ts', 40_000),
  naive,
  { ...dense('gpujs-webgpu', 240_000), adapter_type: 'software', device: 'gpu' },
  { ...dense('ort-node', 0), p20_ns: undefined, status: 'skipped' as const, reason: 'not installed' },
];

test('rungs stand from the slowest to the fastest, each with the time of the three loops over its own', () => {
  const [{ title, rungs }] = laddersOf(rows);
  expect(title).toBe('matmul M=1 N=2 K=3 · use-lite/layer0.fc1');
  expect(rungs.map(({ label, factor }) => [label, factor])).toEqual([
    ['gpujs-webgpu*', 0.5],
    ['naive loop', 1],
    ['ts', 3],
    ['wasm', 30],
  ]);
});

test('a factor has the interval of both times, and the foot none', () => {
  const [{ rungs }] = laddersOf(rows);
  const reach = 1.03 ** Math.SQRT2;
  expect(rungs[3].ci95).toEqual({ low: expect.closeTo(30 / reach), high: expect.closeTo(30 * reach) });
  expect(rungs[1].ci95).toBeUndefined();
  const few = { ...rows[1], ci95_low_ns: undefined };
  expect(laddersOf([naive, few])[0].rungs[1]).toMatchObject({ factor: 3, ci95: undefined });
});

test('rows of other problems and runs, and those without three loops, are no rungs', () => {
  const other = { ...dense('ts', 100), M: 64 };
  const older = { ...dense('ts', 100), run_id: 'r0' };
  expect(laddersOf([naive, other, older])).toMatchObject([{ rungs: [{ label: 'naive loop' }] }]);
  expect(laddersOf([{ ...naive, p20_ns: undefined }, rows[1]])).toEqual([]);
  expect(ladderChart([rows[1]])).toBeUndefined();
});

test.each([40, 80, 100])('the summary ends with the ladder, within %d columns', (width) => {
  const text = stripVTControlCharacters(formatSummary(rows, { width, minSqnrDb: 20 }));
  const lines = text.slice(text.indexOf('\nladder · ')).trim().split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  if (width >= 80) expect(lines.at(-1)).toMatch(/^wasm +1 +4\.00 µs +~30\.0x +28\.8 to 31\.3$/);
});

test('for programs a rung says its case, its time and its factor', () => {
  expect(ladderData(laddersOf(rows)[0]).rungs[2]).toEqual({
    rung: 'ts',
    case_id: 'ts',
    time_ns: 40_000,
    factor: 3,
    factor_ci95_low: expect.closeTo(3 / 1.03 ** Math.SQRT2),
    factor_ci95_high: expect.closeTo(3 * 1.03 ** Math.SQRT2),
  });
});

test('its chart says what is on top and tells emulated GPUs from others without colour', () => {
  const chart = ladderChart(rows);
  expect(chart?.sentence).toMatch(/^wasm is 30\.0 times as fast as three loops at matmul M=1/);
  expect(chart?.legend.map(({ label, shape }) => [label, shape])).toEqual([
    ['on the CPU', 'circle'],
    ['on a GPU emulated on the CPU', 'cross'],
  ]);
  expect(chart?.table.rows).toHaveLength(4);
});

test('the suite times the three loops at every problem that it has', async () => {
  const ladder = (await loadSuites()).get('ladder');
  const naiveBlocks = ladder?.blocks.filter(({ techniques }) => techniques?.includes('naive-matmul')) ?? [];
  const others = ladder?.blocks.filter((block) => !naiveBlocks.includes(block)) ?? [];
  const problems = (blocks: typeof others) => blocks.map((block) => [block.presets, block.problems]);
  expect(problems(naiveBlocks)).toEqual(problems(others));
  expect((await loadTechniques([KERNELS_DIR])).get('naive-matmul')).toMatchObject({
    family: 'yardstick',
    op: 'matmul',
  });
});
