import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { rowOf, runArguments } from '../../fixtures/run-files.ts';
import { commandOfRow, commandOfRun } from './reproduce.ts';

const row = rowOf('int4', { suite: 'quantized', git_commit: 'c'.repeat(40) });

test('a row is measured again by what its run was asked for, narrowed to its case alone', () => {
  const asked = { ...runArguments, technique: ['int4', 'csr'], axes: { method: ['gptq'] }, passes: 3, m: [1, 8] };
  expect(commandOfRow(row, asked)).toBe(
    `git checkout cccccccccccc && npm ci && npm run tare -- run --preset nightly --suite quantized --technique int4 --backend ts --filter '*s:int4:ts:M=1,N=2,K=3' --axis method=gptq --m 1,8 --passes 3 --threads 2`,
  );
});

test('without a manifest the defaults are taken', () => {
  expect(commandOfRow(row, undefined)).toMatch(
    / run --suite quantized --backend ts --filter '\*s:int4:ts:M=1,N=2,K=3'$/,
  );
});

test('a whole run is what was asked, its filters and its shard with it', () => {
  const asked = { ...runArguments, suite: ['dense', 'sparse'], filter: ['M=1,', "it's"], shard: '2/4', seed: 7 };
  expect(commandOfRun(row, asked)).toMatch(
    / run --preset nightly --suite dense,sparse --filter M=1, --filter 'it'\\''s' --shard 2\/4 --seed 7 --threads 2$/,
  );
});

test('whatever a case is called, a shell takes it for one word', () => {
  const name = `'; touch pwned; echo "$(id)" \`id\` #`;
  const command = commandOfRow({ ...row, case_id: name }, undefined);
  const words = command.slice(command.indexOf('run --suite'));
  const printed = execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${words}`], { encoding: 'utf8' });
  expect(printed.trimEnd().split('\n').at(-1)).toBe(`*${name}`);
});
