import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { PROJECT } from '../../cases/registry.ts';
import { edit, moveModule, sourcesOf } from '../../fixtures/moved-module.ts';
import { oneUlp, type Plant, plantIn } from '../gate/planted-tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tare-ab-'));
const repository = join(scratch, 'repository');
const env = {
  ...process.env,
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  GITHUB_STEP_SUMMARY: undefined,
  XDG_CACHE_HOME: join(scratch, 'cache'),
};

/** This project as it stands, as the only commit of a repository of its own. */
beforeAll(() => {
  copyProject(repository);
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(repository, '.git', 'info', 'exclude'), 'node_modules\n');
  commit('First');
});

function copyProject(target: string): void {
  mkdirSync(target);
  for (const part of ['bench', 'kernels', 'suites', 'package.json', 'package-lock.json', '.gitignore']) {
    cpSync(join(PROJECT, part), join(target, part), { recursive: true });
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(target, 'node_modules'));
}

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=tester', '-c', 'user.email=tester@localhost'];
  const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], { cwd: repository, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

function commit(message: string): string {
  git('add', '--all');
  git('commit', '--quiet', '--message', message);
  return git('rev-parse', 'HEAD');
}

/** Puts the change into the working tree; `undo` takes all changes back. */
function plant(change: Plant): void {
  const file = join(repository, change.file);
  writeFileSync(file, plantIn(readFileSync(file, 'utf8'), change));
}
const undo = () => git('reset', '--quiet', '--hard', 'main');

const few = ['--preset', 'smoke', '--backend', 'ts', '--technique', 'dense,sparse-2-4', '--processes', '1'];

function ab(...args: string[]) {
  return abIn(repository, ...args);
}

function abIn(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bench', 'main.ts'), 'ab', ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

const inRun = (statement: string, technique = 'dense'): Plant => ({
  file: `kernels/${technique}/ts.ts`,
  find: /run\(\) \{/,
  replace: `run() {\n${statement}`,
});

/** Bytes of the largest thing that git has kept of the repository. */
function largestObject(): number {
  return Math.max(...git('cat-file', '--batch-all-objects', '--batch-check=%(objectsize)').split('\n').map(Number));
}

test('one ulp in the working tree is reported exactly, only what imports the change is run, and nothing of the user moves', () => {
  plant(oneUlp);
  writeFileSync(join(repository, 'kernels', 'untracked.ts'), '');
  const weights = ['kernels/weights.bin', 'model.safetensors'].map((name) => join(repository, name));
  for (const file of weights) writeFileSync(file, new Uint8Array(8 * 2 ** 20));
  const before = git('status', '--porcelain=v2');
  const largest = largestObject();
  const { status, stdout, stderr } = ab('main', ...few, '--format', 'json');
  const { head, notes, cases } = JSON.parse(stdout);
  expect(head.label).toMatch(/^working tree, dirty, on \w+ First$/);
  expect(cases).toHaveLength(1);
  expect(cases[0]).toMatchObject({ outputs_differing: 1, max_ulps: 1, processes: 10 });
  expect(cases[0].drift_changes).toMatch(/sqnr_db/);
  expect(notes.join()).toMatch(/1 more runs the same code on both sides/);
  expect(status).toBe(cases[0].regression ? 1 : 0);
  expect(stderr).toMatch(
    /^tare: left out of the working tree, untracked and large: kernels\/weights\.bin \(8\.0 MiB\)\nchecking out/,
  );
  expect(largestObject()).toBe(largest);
  expect([git('status', '--porcelain=v2'), git('stash', 'list')]).toEqual([before, '']);
  for (const file of [...weights, join(repository, 'kernels', 'untracked.ts')]) rmSync(file);
  undo();
});

test('heads that throw, die and are wrong fail the comparison, each named with its reason', () => {
  plant(inRun("throw new Error('planted: must not be caught');"));
  plant(inRun('process.abort();', 'csr'));
  plant(inRun('if (M > 0) return;', 'sparse-2-4'));
  const summary = join(scratch, 'summary.md');
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(repository, 'bench', 'main.ts'), 'ab', 'main', ...few, '--technique', 'csr', '--format', 'github'],
    { encoding: 'utf8', env: { ...env, GITHUB_STEP_SUMMARY: summary } },
  );
  const written = readFileSync(summary, 'utf8');
  for (const [technique, reason] of [
    ['dense', 'planted: must not be caught'],
    ['csr', 'the process died of SIGABRT'],
    ['sparse-2-4', 'output\\[\\d+\\]: must be'],
  ]) {
    expect(stdout).toMatch(new RegExp(`^::error title=tare ab::smoke:${technique}:ts:.*fails in head: ${reason}`, 'm'));
    expect(written).toMatch(new RegExp(`\\| ${technique} .*\\| ts \\| failed \\|`));
  }
  expect(status).toBe(1);
  undo();
});

test('a base that fails is no fault of head, whether head mends it or not', () => {
  git('checkout', '--quiet', '-b', 'broken');
  plant(inRun("throw new Error('planted');"));
  const broken = commit('Break it');
  plant(inRun('M;'));
  const still = ab(broken, ...few, '--format', 'csv');
  expect(still.stdout).toMatch(/smoke:dense:ts:.*,failed,false,/);
  expect(still.status).toBe(0);
  git('reset', '--quiet', '--hard');
  git('revert', '--no-edit', broken);
  const mended = ab(broken, 'broken', ...few, '--format', 'csv');
  expect(mended.stdout).toMatch(/smoke:dense:ts:.*,failed,false,/);
  expect(mended.status).toBe(0);
  git('checkout', '--quiet', 'main');
});

test('what head adds is named, the base is where both parted, and trees unused for a month make room', () => {
  git('checkout', '--quiet', '-b', 'feature');
  cpSync(join(repository, 'kernels', 'dense'), join(repository, 'kernels', 'newcomer'), { recursive: true });
  commit('Add a technique');
  git('checkout', '--quiet', 'main');
  writeFileSync(join(repository, 'README.md'), 'changed on main only\n');
  commit('Second');
  const trees = join(env.XDG_CACHE_HOME, 'tare', 'trees');
  const unused = join(trees, readdirSync(trees)[0], 'unused');
  mkdirSync(unused);
  writeFileSync(`${unused}.ready`, '');
  const monthAndDayAgo = Date.now() / 1000 - 31 * 24 * 3600;
  utimesSync(`${unused}.ready`, monthAndDayAgo, monthAndDayAgo);
  const args = ['main', 'feature', '--suite', 'dense', '--filter', 'M=1,', '--backend', 'ts'];
  const { status, stdout } = ab(...args);
  expect(stdout).toMatch(/base \w+ First → head \w+ Add a technique/);
  expect(stdout).toMatch(/new, without a base: dense:newcomer:ts:/);
  expect(stdout).toMatch(/no case to compare; 1 more runs the same code/);
  expect(status).toBe(0);
  expect(existsSync(unused)).toBe(false);
  expect(ab(...args).stderr).not.toMatch(/checking out/);
});

/** Modules where they lay before November 2026, and no word of how others may ask for them. */
function layOutAsBefore(): void {
  const homes = {
    'bench/backends/backend.ts': 'bench/backend.ts',
    'bench/cases/case.ts': 'bench/cases-of-suites.ts',
    'bench/cases/select.ts': 'bench/select.ts',
    'bench/contract/problem-key.ts': 'bench/case.ts',
    'bench/measure/check.ts': 'bench/check.ts',
    'bench/measure/instance.ts': 'bench/weigh-case.ts',
    'bench/measure/check-again.ts': 'bench/again.ts',
    'bench/measure/weigh-case.ts': 'bench/weighing.ts',
  };
  for (const [now, before] of Object.entries(homes)) moveModule(repository, now, before);
  edit(join(repository, 'bench/weigh-case.ts'), (text) => `${text}export { checkAgain } from './again.ts';\n`);
  rmSync(join(repository, 'bench', 'judge', 'ab', 'side.ts'));
}

/** Kernels give what they have by other names, dense has an axis more, and what prepares them lies elsewhere. */
function changeContract(): void {
  const rename = (text: string) =>
    text.replace(/\breadOutput\b/g, 'takeOutput').replace(/(?<=^ {2}|^ {4}|technique\.)pack\b(?=[:(]| ===)/gm, 'store');
  const bridge = /^bench\/judge\/ab\//;
  for (const file of sourcesOf(repository).filter((path) => !bridge.test(path))) edit(join(repository, file), rename);
  const axes = "axes: { order: ['rows', 'columns'] }";
  edit(join(repository, 'kernels/dense/technique.ts'), (text) => text.replace('axes: {}', axes));
  edit(join(repository, 'bench/judge/ab/side.ts'), (text) => text.replace('kernel.readOutput', 'kernel.takeOutput'));
  moveModule(repository, 'bench/measure/instance.ts', 'bench/measure/ready.ts');
}

/** Branches of another layout and of another contract, made at the first call. */
function makeVersions(): void {
  if (git('branch', '--list', 'before') !== '') return;
  git('checkout', '--quiet', '-b', 'before');
  layOutAsBefore();
  commit('Lay out as before');
  git('checkout', '--quiet', 'main', '-b', 'other-contract');
  changeContract();
  commit('Change the contract');
}

test.each([
  ['before', 'a tare that knows neither', 'main', ['before', 'other-contract', '--exact']],
  ['main', 'the tare of the new contract', 'other-contract', ['main']],
])('%s and another contract are prepared each by its own and compared, by %s', (_base, _tare, branch, refs) => {
  makeVersions();
  git('checkout', '--quiet', branch);
  const { status, stdout, stderr } = ab(...refs, ...few, '--filter', ':dense:', '--format', 'json');
  git('checkout', '--quiet', 'main');
  expect(stderr).not.toMatch(/tare: /);
  const { cases, added } = JSON.parse(stdout);
  expect(added).toEqual([expect.stringMatching(/^smoke:dense:ts:.*,order=columns$/)]);
  expect(cases).toEqual([
    expect.objectContaining({
      case_id: expect.stringMatching(/,order=rows$/),
      outputs_differing: 0,
      verdict: expect.stringMatching(/^(same|inconclusive|slower|faster)$/),
    }),
  ]);
  expect(status).toBe(cases[0].regression ? 1 : 0);
});

test.each([
  ['an unknown name', ['nowhere'], /^tare: base-ref: must name a commit, got nowhere\n$/],
  ['an unknown head', ['main', 'nowhere'], /^tare: head-ref: must name a commit, got nowhere\n$/],
  ['a name as git describes a changed tree', ['main', 'v1-dirty'], /without head-ref the working tree is taken/],
  ['a commit against itself', ['main', 'main'], /^tare: base-ref: must differ from head, got \w+ \w+ for both; --all/],
  ['no process', ['main', '--processes', '0'], /^tare: --processes: must be a count, got 0\n$/],
  [
    'an unknown technique',
    ['main', 'main', '--all', '--backend', 'ts', '--technique', 'densse'],
    /--technique: must be one of tare's/,
  ],
])('%s gives one line and exit code 2', (_, args, line) => {
  const { status, stderr, stdout } = ab(...args);
  expect(stderr.split('\n').filter((said) => said.startsWith('tare: '))).toHaveLength(1);
  expect(stderr).toMatch(line);
  expect([status, stdout]).toEqual([2, '']);
});

test('histories that never met, a shallow clone and no repository at all give one line each', () => {
  const orphan = git('commit-tree', 'main^{tree}', '-m', 'Unrelated');
  expect(ab(orphan, 'main')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/no merge base with \w+; --exact/),
  });
  const shallow = join(scratch, 'shallow');
  git('clone', '--quiet', '--depth', '1', `file://${repository}`, shallow);
  symlinkSync(join(PROJECT, 'node_modules'), join(shallow, 'node_modules'));
  expect(abIn(shallow, 'HEAD~1')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/shallow: git fetch --unshallow/),
  });
  const plain = join(scratch, 'plain');
  copyProject(plain);
  expect(abIn(plain, 'main')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/must stand in a git checkout/),
  });
});

test('Ctrl-C ends it with 130 and one line, and leaves no process behind', async () => {
  const args = ['ab', 'main', 'main', '--all', ...few];
  const child = spawn(process.execPath, [join(repository, 'bench', 'main.ts'), ...args], { env });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    const isFirst = !said.includes('[1/');
    said += chunk;
    if (isFirst && said.includes('[1/')) child.kill('SIGINT');
  });
  expect(await once(child, 'close')).toEqual([130, null]);
  expect(said).toMatch(/tare: interrupted before there was a verdict/);
});
