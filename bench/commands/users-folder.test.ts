import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import { resultsFolder, usersFolder } from './users-folder.ts';

const typedIn = mkdtempSync(join(tmpdir(), 'tare-typed-'));
const byNpm = {
  INIT_CWD: typedIn,
  npm_package_json: join(PROJECT, 'package.json'),
  npm_lifecycle_script: 'node bench/main.ts',
};
const MAIN = join(PROJECT, 'bench', 'main.ts');

beforeAll(() => {
  writeRun(typedIn, 'base', [rowOf('dense'), rowOf('csr')], { manifest: { state: 'finished' } });
  writeFileSync(join(typedIn, 'text'), 'no run, no weights, no program\n');
  mkdirSync(join(typedIn, 'kernels', 'of-mine'), { recursive: true });
  const dense = join(PROJECT, 'kernels', 'dense', 'technique.ts');
  writeFileSync(
    join(typedIn, 'kernels', 'of-mine', 'technique.ts'),
    `import dense from '${dense}';\nexport default { ...dense, summary: 'of mine' };\n`,
  );
});

test.each([
  ['npm, for this program', PROJECT, byNpm, typedIn],
  [
    'npm, for a script with more in it',
    PROJECT,
    { ...byNpm, npm_lifecycle_script: 'x; node bench/main.ts run' },
    typedIn,
  ],
  ['a shell', '/home', {}, '/home'],
  [
    'a script that npm started, for another program',
    PROJECT,
    { ...byNpm, npm_lifecycle_script: 'vitest run' },
    PROJECT,
  ],
  ['a script that went elsewhere first', '/home', byNpm, '/home'],
  ['a shell with an INIT_CWD of its own', PROJECT, { INIT_CWD: typedIn }, PROJECT],
])('started by %s', (_, cwd, env, expected) => {
  expect(usersFolder(MAIN, cwd, env)).toBe(expected);
});

/** As `npm run tare` starts it. */
function tare(...args: string[]) {
  const env = { ...process.env, ...byNpm, NO_COLOR: '1', FORCE_COLOR: undefined };
  return spawnSync(process.execPath, [MAIN, ...args], { cwd: PROJECT, encoding: 'utf8', env, timeout: 50_000 });
}

test.each([
  ['compare', ['base.csv', 'base.csv'], /^2 cases: /m],
  ['track', ['.'], /newest base$/m],
  ['merge', ['base.csv'], /^tare: base\.csv: must be a shard/],
  ['roofline', ['base.csv'], /^tare: base\.csv: must have a measured roofline/],
  ['list', ['techniques', '--kernels', 'kernels'], /^ {2}of-mine /m],
  ['run', ['--resume', 'base.csv'], /^tare: --resume: the run's cases must still exist/],
  ['run', ['--weights', 'text'], /\/text: must be a safetensors file, got something else/],
  ['serve', ['--out', 'text/results'], /^tare: --out: .* got ENOTDIR/],
  ['doctor', ['--browser', './text'], /^tare: --browser: .* got EACCES/],
])('%s %j is read where it was typed', (command, args, said) => {
  const { stdout, stderr } = tare(command, ...args);
  expect(stdout + stderr).toMatch(said);
});

test('as npm really starts it, from another folder', () => {
  const args = ['--prefix', PROJECT, 'run', '-s', 'tare', '--', 'compare', 'base.csv', 'base.csv'];
  const { status, stdout } = spawnSync('npm', args, {
    cwd: typedIn,
    encoding: 'utf8',
    env: { ...process.env, INIT_CWD: undefined },
  });
  expect(stdout).toMatch(/^2 cases: /m);
  expect(status).toBe(0);
});

test('results go to tare unless they are sent elsewhere, and are named from where one stands', () => {
  expect(tare('run', '--help').stdout).toMatch(/--out .*\[default: tare's own results\/\]/);
  const before = process.cwd();
  const seen = [PROJECT, join(PROJECT, 'results'), typedIn].map((folder) => {
    process.chdir(folder);
    return resultsFolder();
  });
  process.chdir(before);
  expect(seen).toEqual(['results', '.', join(PROJECT, 'results')]);
});
