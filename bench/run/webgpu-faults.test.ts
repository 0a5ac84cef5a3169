import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';

const FAULTS = {
  'crashes-driver': ['error', /died of SIGSEGV/],
  'huge-buffer': ['unsupported', /WebGPU: a buffer may have \d+ bytes, got \d+/],
  'huge-output': ['unsupported', /needs \d+ bytes but this device allows \d+/],
  'invalid-wgsl': ['error', /Error compiling WGSL compute shader/],
  'loses-device': ['error', /device was lost/],
} as const;

test('a GPU that fails becomes a row that says how, and the run goes on to the next case', { timeout: 120_000 }, () => {
  const out = mkdtempSync(join(tmpdir(), 'tare-faults-'));
  const main = join(import.meta.dirname, '..', 'main.ts');
  const kernels = join(import.meta.dirname, '..', 'fixtures', 'gpu-kernels');
  const techniques = [...Object.keys(FAULTS), 'int4'].join(',');
  const args = ['--preset', 'smoke', '--backend', 'gpujs-webgpu-wgsl', '--out', out, '--technique', techniques];
  const { status } = spawnSync(process.execPath, [main, 'run', ...args, '--kernels', kernels], { timeout: 100_000 });
  expect(status).toBe(1);
  const csv = readdirSync(out).find((name) => name.endsWith('.csv'))!;
  const rows = parse<Record<string, string>>(readFileSync(join(out, csv)), { columns: true });
  for (const [technique, [expected, reason]] of Object.entries(FAULTS)) {
    const row = rows.find((candidate) => candidate.technique === technique);
    expect([technique, row?.status]).toEqual([technique, expected]);
    expect(row?.reason).toMatch(reason);
  }
  const healthy = rows.find(({ technique }) => technique === 'int4')!;
  expect(['ok', 'noisy']).toContain(healthy.status);
});
