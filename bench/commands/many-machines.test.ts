// The commands of docs/many-machines.md, run with the variables that each scheduler sets and a stand-in for npm that tells what it is given.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';

const guide = readFileSync(join(PROJECT, 'docs', 'many-machines.md'), 'utf8');

const found = (pattern: RegExp) => pattern.exec(guide)?.[1] ?? '';
const ofGitHub = found(/- run: (npm .*--shard .*)$/m);
const ofSlurm = found(/^```text\n(.*?)^```$/ms);
const ofKubernetes = found(/args: \['(.*)'\]$/m);

test.each<[string, (index: number) => [script: string, env: Record<string, string>]]>([
  ['GitHub', (i) => [ofGitHub.replace(/\$\{\{ matrix\.shard \}\}/, String(i)), {}]],
  ['Slurm', (i) => [ofSlurm, { SLURM_ARRAY_TASK_ID: String(i), SLURM_ARRAY_TASK_COUNT: '4' }]],
  ['Kubernetes', (i) => [ofKubernetes, { JOB_COMPLETION_INDEX: String(i - 1) }]],
])('on %s every index measures a shard of its own, and together they are all', (_, start) => {
  const home = mkdtempSync(join(tmpdir(), 'tare-schedulers-'));
  mkdirSync(join(home, 'tare'));
  writeFileSync(join(home, 'npm'), '#!/bin/sh\necho "$@"\n');
  chmodSync(join(home, 'npm'), 0o755);
  const shards = [1, 2, 3, 4].map((index) => {
    const [script, env] = start(index);
    const PATH = `${home}${delimiter}${process.env.PATH}`;
    return /--shard (\S+)/.exec(
      execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH, HOME: home, ...env } }),
    )?.[1];
  });
  expect(shards).toEqual(['1/4', '2/4', '3/4', '4/4']);
});
