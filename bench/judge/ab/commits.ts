// Which two commits are compared: names become commits, the working tree becomes one, and the base is where both parted.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';

export interface Commit {
  readonly sha: string;
  /** For people: `a1b2c3d Add a kernel`, or that it is the working tree. */
  readonly label: string;
}

export interface ComparedCommits {
  /** Top of the git checkout. */
  readonly repository: string;
  /** Path from there to the project. */
  readonly prefix: string;
  readonly base: Commit;
  readonly head: Commit;
}

export interface CommitsAsked {
  readonly base: string;
  /** The working tree as it is where not said. */
  readonly head: string | undefined;
  /** The base itself instead of where head parted from it. */
  readonly exact: boolean;
}

/** Throws InputError where a name is no commit or the two share no history. */
export function findCommits(project: string, { base, head, exact }: CommitsAsked): ComparedCommits {
  const repository = topOf(project);
  const prefix = git(project, 'rev-parse', '--show-prefix');
  const named = namedCommit(repository, 'base-ref', base);
  const headCommit = head === undefined ? workingTree(repository) : namedCommit(repository, 'head-ref', head);
  const start = exact ? named.sha : mergeBase(repository, base, named.sha, headCommit.sha);
  return { repository, prefix, base: { sha: start, label: labelOf(repository, start) }, head: headCommit };
}

function topOf(project: string): string {
  const { status, stdout } = spawnSync('git', ['rev-parse', '--show-toplevel'], { cwd: project, encoding: 'utf8' });
  if (status !== 0) throw new InputError(`ab: must stand in a git checkout, got ${project}`);
  return stdout.trim();
}

function namedCommit(repository: string, argument: string, ref: string): Commit {
  const { status, stdout } = tryGit(
    repository,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${ref}^{commit}`,
  );
  if (status === 0) return { sha: stdout.trim(), label: labelOf(repository, stdout.trim()) };
  const hint = ref.endsWith('-dirty')
    ? '; without head-ref the working tree is taken as it is'
    : shallowHint(repository);
  throw new InputError(`${argument}: must name a commit, got ${ref || 'an empty name'}${hint}`);
}

function mergeBase(repository: string, ref: string, base: string, head: string): string {
  const { status, stdout } = tryGit(repository, 'merge-base', base, head);
  if (status === 0) return stdout.trim();
  const hint = shallowHint(repository) || '; --exact compares them all the same';
  throw new InputError(`base-ref: must share history with head, got no merge base with ${ref}${hint}`);
}

function shallowHint(repository: string): string {
  const isShallow = git(repository, 'rev-parse', '--is-shallow-repository') === 'true';
  return isShallow ? '; this clone is shallow: git fetch --unshallow' : '';
}

function labelOf(repository: string, sha: string): string {
  return git(repository, 'log', '-1', '--format=%h %s', sha);
}

/**
 * The working tree with all that is not ignored, as a commit of its own on top of HEAD that no branch names; HEAD itself
 * where nothing differs. The user's index, stash and files stay as they are. Equal contents give the same commit.
 */
function workingTree(repository: string): Commit {
  const scratch = mkdtempSync(join(tmpdir(), 'tare-index-'));
  const index = join(scratch, 'index');
  try {
    const own = join(git(repository, 'rev-parse', '--absolute-git-dir'), 'index');
    // A copy knows which files are unchanged, so that only the others are read.
    if (existsSync(own)) copyFileSync(own, index);
    const env = { ...process.env, GIT_INDEX_FILE: index };
    gitWith(env, repository, 'add', '--all');
    const tree = gitWith(env, repository, 'write-tree');
    const head = git(repository, 'rev-parse', 'HEAD');
    if (tree === git(repository, 'rev-parse', 'HEAD^{tree}')) return { sha: head, label: labelOf(repository, head) };
    return { sha: snapshot(repository, tree, head), label: `working tree, dirty, on ${labelOf(repository, head)}` };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function snapshot(repository: string, tree: string, parent: string): string {
  const date = git(repository, 'log', '-1', '--format=%cI', parent);
  const who = { NAME: 'tare', EMAIL: 'tare@localhost', DATE: date };
  const identity = Object.entries(who).flatMap(([key, value]) => [
    [`GIT_AUTHOR_${key}`, value],
    [`GIT_COMMITTER_${key}`, value],
  ]);
  const env = { ...process.env, ...Object.fromEntries(identity) };
  return gitWith(
    env,
    repository,
    '-c',
    'commit.gpgSign=false',
    'commit-tree',
    tree,
    '-p',
    parent,
    '-m',
    'Working tree',
  );
}

function git(cwd: string, ...args: string[]): string {
  return gitWith(process.env, cwd, ...args);
}

function gitWith(env: NodeJS.ProcessEnv, cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function tryGit(cwd: string, ...args: string[]) {
  return spawnSync('git', args, { cwd, encoding: 'utf8' });
}
