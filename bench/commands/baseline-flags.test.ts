import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRun } from '../api/compare-files.ts';
import { rowOf, runArguments, writeRun } from '../fixtures/run-files.ts';
import { formatHeader, formatRow, readRows } from '../results/csv.ts';
import { compareWithBaseline } from './baseline-flags.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');

test('a run is held against what the baseline has of its cases, and nothing else counts as vanished', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-named-'));
  const base = readRun(writeRun(folder, 'base', [rowOf('dense'), rowOf('int8'), rowOf('csr')], { manifest: {} }));
  const head = writeRun(folder, 'head', [rowOf('dense'), rowOf('int8', { stored_bytes: 101 })], {
    manifest: { arguments: { ...runArguments, filter: ['e', 'int8'] } },
  });
  const { report, isRegression } = compareWithBaseline(base, head);
  expect(isRegression).toBe(true);
  expect(report.alerts.map(({ message }) => message)).toEqual([expect.stringMatching(/^s:int8:ts:.*bytes/)]);
});

test('a run is kept under a name, compared with it, and exits with 1 when something became worse', () => {
  const out = mkdtempSync(join(tmpdir(), 'tare-named-'));
  const words = [MAIN, 'run', '--preset', 'smoke', '--backend', 'ts', '--technique', 'csr', '--out', out];
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const kept = join(out, 'baselines', 'main.csv');
  expect(
    execFileSync(process.execPath, [...words, '--save-baseline', 'main'], { encoding: 'utf8', env, stdio: 'pipe' }),
  ).toContain(`kept as ${kept}\n`);
  // The baseline now claims that csr once took a byte.
  const rowsKept = readRows(kept).map((row) => ({ ...row, stored_bytes: 1 }));
  writeFileSync(kept, formatHeader() + rowsKept.map(formatRow).join(''));
  const { status, stdout } = spawnSync(process.execPath, [...words, '--json', '--baseline', 'main'], {
    encoding: 'utf8',
    env,
  });
  const { rows, comparison } = JSON.parse(stdout);
  expect(rows).toHaveLength(1);
  expect(comparison.cases).toMatchObject([{ regression: true, changes: expect.stringMatching(/stored_bytes/) }]);
  expect(status).toBe(1);
});
