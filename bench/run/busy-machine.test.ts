import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { disturbanceDuring, disturbances } from './busy-machine.ts';
import { lockRun } from './run-lock.ts';

test('another run that writes to the same folder is named, one that was killed is not', () => {
  const out = mkdtempSync(join(tmpdir(), 'tare-busy-'));
  // Above the largest process id that Linux gives.
  writeFileSync(join(out, 'killed.lock'), '4194305');
  const unlock = [lockRun(join(out, 'own.lock')), lockRun(join(out, 'other.lock'))];
  expect(disturbances(out, 'own', 0, 2)).toContain('another run writes to the same folder: other');
  for (const release of unlock) release();
  expect(disturbances(out, 'own', 0, 2).join()).not.toContain('same folder');
});

test('load is said from half the cores on', () => {
  const out = mkdtempSync(join(tmpdir(), 'tare-busy-'));
  expect(disturbances(out, 'own', 1, 2).join()).not.toContain('busy');
  expect(disturbances(out, 'own', 1.1, 2)).toContain('the machine is busy: load 1.1 on 2 cores');
});

test('load beyond what the cases make themselves is said, with how many rows are noisy', () => {
  const rows = (load: number, threads: number) =>
    ['ok', 'noisy', 'ok'].map((status) => ({ status, load_before: load, threads }));
  expect(disturbanceDuring(rows(4.25, 2))).toBe(
    'The machine was busy: load 4.3 where the cases make 2 at most (noisy rows: 1)',
  );
  expect(disturbanceDuring(rows(2.4, 2))).toBeUndefined();
  expect(disturbanceDuring([{ load_before: 4, threads: 1, adapter_type: 'software', cpu_count: 4 }])).toBeUndefined();
  expect(disturbanceDuring([{ status: 'skipped' }])).toBeUndefined();
});
