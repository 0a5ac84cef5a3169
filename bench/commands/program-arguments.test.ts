import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';

const programs = { 'bench:gate': 'bench/judge/gate/main.ts', 'gpu-pairs': 'bench/gpu-pairs.ts' };

test.each<[keyof typeof programs, string, number, RegExp]>([
  ['bench:gate', '--help', 0, /^bench:gate\n[\s\S]*--part +aa, planted,[\s\S]*--fresh[\s\S]*--record/],
  ['bench:gate', '--part aa,zz', 2, /^bench:gate: --part: must be one of tare's, got zz; nearest: .*; see --help\n$/],
  ['bench:gate', '--record x', 2, /^bench:gate: --record: must go with --part real, got aa,.*; see --help\n$/],
  ['bench:gate', '--out', 2, /^bench:gate: --out: must have a value, got none; see --help\n$/],
  ['gpu-pairs', '--help', 0, /^gpu-pairs \[processes\] \[part\]\n[\s\S]*WGSL dense \/ generated dense/],
  ['gpu-pairs', 'many', 2, /^gpu-pairs: processes: must be a count, got NaN; see --help\n$/],
  ['gpu-pairs', '5 nothing', 2, /^gpu-pairs: part: must be part of a pair's name, got nothing; see --help\n$/],
  ['gpu-pairs', '--proceses 3', 2, /^gpu-pairs: arguments: must be known, got proceses; see --help\n$/],
])('%s %s ends with %i and says so', (program, line, code, said) => {
  const args = [join(PROJECT, programs[program]), ...line.split(' ')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect([status, code === 0 ? stderr : stdout]).toEqual([code, '']);
  expect(code === 0 ? stdout : stderr).toMatch(said);
});
