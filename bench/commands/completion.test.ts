import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', 'main.ts');

test.each([
  ['names of suites', ['run', '--suite', ''], 'quantized'],
  ['names of backends', ['run', '--backend', 'gp'], 'gpujs-webgpu'],
  ['commands', ['ro'], 'roofline'],
])('%s go to stdout and nothing to stderr', (_, words, name) => {
  const args = [MAIN, '--get-yargs-completions', 'tare', ...words];
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n')).toContain(name);
});
