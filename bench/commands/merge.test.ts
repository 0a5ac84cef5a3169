import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRows } from '../results/csv.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
const quiet = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };

function tare(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env: quiet, timeout: 50_000 });
}

test('shards that really ran merge into the cases of the whole run, and can be compared with one of them', () => {
  const out = mkdtempSync(join(tmpdir(), 'tare-shards-'));
  const asked = ['run', '--preset', 'smoke', '--backend', 'ts', '--technique', 'dense,csr', '--out', out];
  const runs = ['1/2', '2/2'].map((shard) => tare(...asked, '--shard', shard));
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
  const shards = readdirSync(out)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => join(out, name));
  const { status, stdout } = tare('merge', ...shards, '--out', join(out, 'merged'));
  expect(status).toBe(0);
  const csv = stdout.trimEnd().split('\n').at(-1) ?? '';
  const manifest = JSON.parse(readFileSync(shards[0].replace('.csv', '.run.json'), 'utf8'));
  expect(readRows(csv).map((row) => row.case_id)).toEqual(manifest.all_case_ids);
  expect(
    readRows(csv)
      .map((row) => row.shard)
      .toSorted(),
  ).toEqual(['1/2', '2/2']);
  expect(tare('compare', csv, csv).status).toBe(0);
});

test.each([
  ['a shard that is none', ['run', '--shard', '3/2'], /--shard: must read i\/n with i from 1 to n, got 3\/2/],
  [
    'an unknown allowance',
    ['merge', 'a.csv', '--allow', 'machine'],
    /--allow: must be one of tare's, got machine; nearest: machines/,
  ],
  ['shards that are not there', ['merge', '/nonexistent.csv'], /nonexistent\.csv: .* got ENOENT/],
  [
    'costs that are not there',
    ['run', '--shard', '1/2', '--shard-costs', '/nonexistent.csv'],
    /--shard-costs: must be a CSV that can be read, got ENOENT at \/nonexistent\.csv/,
  ],
])('%s is one line and exit code 2', (_, args, message) => {
  const { status, stdout, stderr } = tare(...args);
  expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 });
  expect(stderr).toMatch(message);
});
