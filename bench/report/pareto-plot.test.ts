import { expect, test } from 'vitest';
import { rowOf } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import { plotPareto } from './pareto-plot.ts';

const on = (backend: string, technique: string, figures: ResultRow = {}) =>
  rowOf(technique, {
    backend,
    case_id: `s:${technique}:${backend}`,
    baseline_case_id: `s:dense:${backend}`,
    ...figures,
  });

const rows = [
  on('ts', 'dense', { sqnr_db: 140 }),
  on('ts', 'int4', { sqnr_db: 21 }),
  on('ts', 'int8', { sqnr_db: 40.12 }),
  on('wasm', 'int8', { sqnr_db: 40.12, speedup: 0.5, speedup_ci95_low: undefined, speedup_ci95_high: undefined }),
  on('wasm', 'csr', { status: 'error', p20_ns: undefined, speedup: undefined }),
];

/** What a reader of the plot sees in words, from top to bottom. */
const words = (svg: string) => [...svg.matchAll(/<t(?:ext|span)[^>]*>([^<]+)</g)].map(([, text]) => text);

test('techniques stand one below another with their SQNR, the most exact on top, and backends below the axis', async () => {
  const [{ problem, svg }] = await plotPareto(rows, 20);
  expect(problem).toBe('matmul M=1 N=2 K=3 · use-lite/layer0.fc1');
  const said = words(svg).filter((word) => /int|dB|ts|wasm|dense|csr/.test(word));
  expect(said).toEqual(['int8', '40.1 dB', 'int4', '21.0 dB', 'ts', 'wasm']);
});

test('a backend has the same colour in all plots, and only those of the plot are named', async () => {
  const other = rows.map((row) => ({ ...row, M: 64 })).filter(({ backend }) => backend === 'wasm');
  const [first, second] = await plotPareto([...rows, ...other], 20);
  expect(words(second.svg)).not.toContain('ts');
  const wasmColour = (svg: string) => /aria-label="[^"]*backend: wasm[^"]*"[^>]*stroke="(#\w+)"/.exec(svg)?.[1];
  expect(wasmColour(first.svg)).toMatch(/^#/);
  expect(wasmColour(second.svg)).toBe(wasmColour(first.svg));
});

test('it is as wide as a phone', async () => {
  const [{ svg }] = await plotPareto(rows, 20);
  expect(Number(/ width="(\d+)"/.exec(svg)?.[1])).toBeLessThanOrEqual(340);
});

test('a problem without a technique that ran has no plot', async () => {
  expect(await plotPareto([rows[0], rows[4]], 20)).toEqual([]);
});
