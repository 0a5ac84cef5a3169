import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import { shardCosts } from './shard-costs.ts';

const folder = mkdtempSync(join(tmpdir(), 'tare-costs-'));

test('costs are those of the file of costs, in s', () => {
  const path = join(folder, 'costs.csv');
  writeFileSync(path, 'case_id,took_s\n"a:b:ts:M=1,N=2",12.5\nc,0.1\nd,\n');
  expect(shardCosts(path)).toEqual(
    new Map([
      ['a:b:ts:M=1,N=2', 12.5],
      ['c', 0.1],
    ]),
  );
});

test('of a run they are what its rows took, all passes together, and of an older one the time until the next row', () => {
  const [int4, csr] = [rowOf('int4', { took_s: 7.25 }), rowOf('csr', { took_s: 3 })];
  expect([...shardCosts(writeRun(folder, 'new', [int4, csr])).values()]).toEqual([7.25, 3]);
  const at = (second: number) => `2031-01-01T00:00:0${second}.000Z`;
  const older = [rowOf('int4', { started_at: at(1) }), rowOf('csr', { started_at: at(5) })];
  expect([...shardCosts(writeRun(folder, 'older', older)).values()]).toEqual([4]);
});
