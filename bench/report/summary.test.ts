import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { ResultRow } from '../results/columns.ts';
import { formatSummary } from './summary.ts';

const backends = ['ts', 'gpujs-cpu', 'gpujs-webasm', 'gpujs-webgpu'];
const common: ResultRow = {
  op: 'matmul',
  M: 64,
  N: 1536,
  K: 512,
  weights: 'use-lite/layer1.fc1',
  status: 'ok',
  drift_ok: true,
};

function rowsFor(technique: string, params: string | undefined, figures: ResultRow): ResultRow[] {
  return backends.map((backend) => ({
    ...common,
    technique,
    params,
    backend,
    case_id: `s:${technique}:${backend}`,
    baseline_case_id: `s:dense:${backend}`,
    adapter_type: backend === 'gpujs-webgpu' ? 'software' : 'none',
    ...figures,
  }));
}

const int8 = rowsFor('int8', 'granularity=channel;activations=int8', {
  p20_ns: 50,
  speedup: 2,
  stored_bytes: 26,
  compression_ratio: 3.9,
  sqnr_db: 40.04,
});
const dense = rowsFor('dense', undefined, {
  p20_ns: 100,
  dense_gflops: 12.345,
  stored_bytes: 100,
  compression_ratio: 1,
  sqnr_db: 140,
});
const csr = rowsFor('csr', 'sparsity=0.5', {
  p20_ns: 200,
  speedup: 0.5,
  stored_bytes: 75,
  compression_ratio: 1.33,
  sqnr_db: 15,
});

function linesOf(rows: ResultRow[], width = 100): string[] {
  return stripVTControlCharacters(formatSummary(rows, { width })).split('\n');
}

test.each([80, 100])('no line is wider than %d columns', (width) => {
  expect(Math.max(...linesOf([...int8, ...dense, ...csr], width).map((line) => line.length))).toBeLessThanOrEqual(
    width,
  );
});

test('the uncompressed technique comes first with its rate, others with their speed-up, bytes and drift', () => {
  const [, , first, second] = linesOf([...int8, ...dense]);
  expect(first).toMatch(/^dense +÷1\.00 +140\.0 +12 GF\/s ◆/);
  expect(second).toMatch(/^int8 channel\/int8 +÷3\.90 +40\.0 +2\.00x ◆/);
});

test('scratch of attention is what the backends take, from the least to the most', () => {
  const rows = dense.map((row, i) => ({ ...row, op: 'attention' as const, workspace_bytes: 512 * (i + 1) }));
  expect(linesOf(rows)[2]).toMatch(/^dense +512 B – 2\.0 KiB +140\.0/);
});

test('what another technique beats in time, bytes and drift is off the front', () => {
  const line = linesOf([...dense, ...int8, ...csr]).find((text) => text.startsWith('csr'));
  expect(line).not.toContain('◆');
});

test('a software GPU is marked and explained', () => {
  const lines = linesOf(dense);
  expect(lines[1]).toContain('gpujs-webgpu*');
  expect(lines.some((line) => line.startsWith('* software adapter'))).toBe(true);
});

test('failed and skipped cases show their state in the table and their reason below it', () => {
  const [failed, skipped, ...rest] = csr;
  const rows = [
    ...dense,
    { ...failed, p20_ns: undefined, status: 'error', reason: 'it broke' },
    { ...skipped, p20_ns: undefined, status: 'skipped', reason: 'no adapter' },
    ...rest,
  ];
  const text = linesOf(rows).join('\n');
  expect(text).toMatch(/csr 0\.5 .* error +skipped/);
  expect(text).toContain('error s:csr:ts: it broke');
  expect(text).toContain('gpujs-cpu: no adapter');
  expect(text).toContain('8 cases: 6 ok, 1 error, 1 skipped');
});
