import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { gitState, knownCommits } from './git-state.ts';

function repository(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tare-git-'));
  mkdirSync(join(folder, 'kernels'));
  writeFileSync(join(folder, 'kernels', 'a.ts'), '');
  writeFileSync(join(folder, 'README.md'), '');
  git(folder, 'init', '--quiet');
  git(folder, 'add', '--all');
  git(folder, '-c', 'user.name=tester', '-c', 'user.email=tester@localhost', 'commit', '--quiet', '-m', 'First');
  return folder;
}

test('the commits that led here are known, newest first; outside a checkout none', () => {
  const folder = repository();
  const first = git(folder, 'rev-parse', 'HEAD');
  const identity = ['-c', 'user.name=tester', '-c', 'user.email=tester@localhost'];
  git(folder, ...identity, 'commit', '--quiet', '--allow-empty', '-m', 'Second');
  expect(knownCommits(folder)).toEqual([git(folder, 'rev-parse', 'HEAD'), first]);
  expect(knownCommits(mkdtempSync(join(tmpdir(), 'tare-git-')))).toEqual([]);
});

function git(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

test('only sources make a checkout dirty', () => {
  const folder = repository();
  const commit = git(folder, 'rev-parse', 'HEAD');
  expect(gitState(folder)).toEqual({ commit, dirty: false });
  for (const name of ['roofline.svg', 'model.safetensors', 'README.md']) writeFileSync(join(folder, name), 'changed');
  expect(gitState(folder)).toEqual({ commit, dirty: false });
  writeFileSync(join(folder, 'kernels', 'new.ts'), '');
  expect(gitState(folder)).toEqual({ commit, dirty: true });
  rmSync(join(folder, 'kernels', 'new.ts'));
  writeFileSync(join(folder, 'kernels', 'a.ts'), 'changed');
  expect(gitState(folder)).toEqual({ commit, dirty: true });
});

test('the program is committed as executable, so that npx, which makes it so, changes nothing', () => {
  const project = join(import.meta.dirname, '..', '..');
  const listed = spawnSync('git', ['ls-files', '--stage', 'bench/main.ts'], { cwd: project, encoding: 'utf8' }).stdout;
  // A copy without its history can't tell.
  if (listed !== '') expect(listed).toMatch(/^100755 /);
});

test('what git refuses is said once, with what mends it; no checkout at all is nothing to speak of', () => {
  const folder = repository();
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.stubEnv('GIT_TEST_ASSUME_DIFFERENT_OWNER', '1');
  try {
    expect([gitState(folder), gitState(folder)]).toEqual([undefined, undefined]);
    expect(said.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(
        /^tare: git: must tell the commit, which rows will lack, got detected dubious ownership in repository at '.*'; git config --global --add safe\.directory \/.*\n$/,
      ),
    ]);
    said.mockClear();
    vi.unstubAllEnvs();
    expect(gitState(mkdtempSync(join(tmpdir(), 'tare-plain-')))).toBeUndefined();
    vi.stubEnv('PATH', '/nowhere');
    const other = mkdtempSync(join(tmpdir(), 'tare-git-'));
    mkdirSync(join(other, '.git'));
    expect(gitState(other)).toBeUndefined();
    expect(said.mock.calls.map(([text]) => text)).toEqual([expect.stringMatching(/got spawnSync git ENOENT\n$/)]);
  } finally {
    vi.unstubAllEnvs();
    said.mockRestore();
  }
});
