import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tareHere } from '../fixtures/command-line.ts';
import { readRows } from '../results/csv.ts';

const tare = (...args: string[]) => tareHere('.', args);

test('shards that really ran merge into the cases of the whole run, and can be compared with one of them', async () => {
  const out = mkdtempSync(join(tmpdir(), 'tare-shards-'));
  const asked = ['run', '--preset', 'smoke', '--backend', 'ts', '--technique', 'dense,csr', '--out', out];
  for (const shard of ['1/2', '2/2']) expect(await tare(...asked, '--shard', shard)).toMatchObject({ status: 0 });
  const shards = readdirSync(out)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => join(out, name));
  const { status, stdout } = await tare('merge', ...shards, '--out', join(out, 'merged'));
  expect(status).toBe(0);
  const csv = stdout.trimEnd().split('\n').at(-1) ?? '';
  const manifest = JSON.parse(readFileSync(shards[0].replace('.csv', '.run.json'), 'utf8'));
  expect(readRows(csv).map((row) => row.case_id)).toEqual(manifest.all_case_ids);
  expect(
    readRows(csv)
      .map((row) => row.shard)
      .toSorted(),
  ).toEqual(['1/2', '2/2']);
  expect((await tare('compare', csv, csv)).status).toBe(0);
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
])('%s is one line and exit code 2', async (_, args, message) => {
  const { status, stdout, stderr } = await tare(...args);
  expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 });
  expect(stderr).toMatch(message);
});
