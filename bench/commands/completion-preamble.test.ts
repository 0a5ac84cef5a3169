import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { completionPreamble, surroundings } from './completion-preamble.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
const underNpm = {
  SHELL: '/bin/bash',
  npm_lifecycle_script: 'node bench/main.ts',
  npm_package_name: 'tare',
  npm_package_version: '0.1.0',
};

test.each([
  ['npm run', underNpm, ['tare@0.1.0', 'node']],
  ['npm run -s', { ...underNpm, npm_config_loglevel: 'silent' }, []],
  ['npx', { ...underNpm, npm_lifecycle_script: 'tare completion' }, []],
  ['no npm', { SHELL: '/bin/bash' }, []],
])('%s leaves as stray files what its banner reads as', (_, env, strays) => {
  expect(surroundings(env).strays).toEqual(strays);
});

test("evaluated with npm's banner the script completes tare and leaves no file behind but one's own", () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-completion-'));
  const banner = '\n> tare@0.1.0 tare\n> node bench/main.ts completion\n\n';
  const script = execFileSync(process.execPath, [MAIN, 'completion'], {
    encoding: 'utf8',
    env: { ...process.env, ...underNpm, npm_config_loglevel: undefined },
    stdio: 'pipe',
  });
  writeFileSync(join(folder, 'script'), banner + script);
  const words = 'COMP_WORDS=(tare run --suite qu); COMP_CWORD=3; _tare_yargs_completions; echo $COMPREPLY';
  const completed = execFileSync('bash', ['--norc', '-c', `source ./script; ${words}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: '/usr/bin:/bin' },
    stdio: 'pipe',
  });
  expect(completed.trim()).toBe('quantized');
  expect(readdirSync(folder)).toEqual(['script']);
});

test('a file of the same name that holds something else stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-completion-'));
  writeFileSync(join(folder, 'node'), 'mine\n');
  writeFileSync(join(folder, 'tare@0.1.0'), '# Completion of tare\n');
  const preamble = completionPreamble(surroundings(underNpm));
  execFileSync('bash', ['--norc', '-c', preamble], { cwd: folder, stdio: 'pipe' });
  expect(readdirSync(folder)).toEqual(['node']);
});
