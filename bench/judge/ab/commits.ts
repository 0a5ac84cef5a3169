// Which two commits are compared: names become commits, the working tree becomes one, and the base is where both parted.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { reasonOf, runGit, SOURCES } from '../../run/git-state.ts';

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
  /** Untracked files that are too large to be taken for sources, and are in neither commit: `kernels/w.bin (1.0 GiB)`. */
  readonly leftOut: readonly string[];
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
  const { leftOut, ...headCommit } =
    head === undefined ? workingTree(project) : { ...namedCommit(repository, 'head-ref', head), leftOut: [] };
  const start = exact ? named.sha : mergeBase(repository, base, named.sha, headCommit.sha);
  return { repository, prefix, base: { sha: start, label: labelOf(repository, start) }, head: headCommit, leftOut };
}

function topOf(project: string): string {
  const { status, stdout, stderr, error } = runGit(project, 'rev-parse', '--show-toplevel');
  if (status === 0) return stdout.trim();
  throw new InputError(`ab: must stand in a git checkout, got ${error?.message ?? reasonOf(stderr)} at ${project}`);
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
 * The sources of the working tree that are not ignored, as a commit of its own on top of HEAD that no branch names; HEAD
 * itself where nothing differs. The user's index, stash and files stay as they are. Equal contents give the same commit.
 */
function workingTree(project: string): Commit & Pick<ComparedCommits, 'leftOut'> {
  const scratch = mkdtempSync(join(tmpdir(), 'tare-index-'));
  const index = join(scratch, 'index');
  try {
    const own = join(git(project, 'rev-parse', '--absolute-git-dir'), 'index');
    // A copy knows which files are unchanged, so that only the others are read.
    if (existsSync(own)) copyFileSync(own, index);
    const { taken, leftOut } = changedSources(project);
    const env = { ...process.env, GIT_INDEX_FILE: index };
    addFiles(env, project, taken);
    const tree = gitWith(env, project, 'write-tree');
    const head = git(project, 'rev-parse', 'HEAD');
    const label = labelOf(project, head);
    if (tree === git(project, 'rev-parse', 'HEAD^{tree}')) return { sha: head, label, leftOut };
    return { sha: snapshot(project, tree, head), label: `working tree, dirty, on ${label}`, leftOut };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** No source is as large; what git is given stays in the user's repository for weeks. */
const MAX_UNTRACKED_BYTES = 2 ** 20;

function changedSources(project: string): { taken: string[]; leftOut: string[] } {
  const list = (...which: string[]) =>
    git(project, 'ls-files', '-z', ...which, '--', ...SOURCES)
      .split('\0')
      .filter((path) => path !== '');
  const untracked = list('--others', '--exclude-standard').map((path) => ({
    path,
    bytes: lstatSync(join(project, path)).size,
  }));
  const isTooLarge = ({ bytes }: { bytes: number }) => bytes > MAX_UNTRACKED_BYTES;
  return {
    taken: [
      ...list('--modified', '--deleted'),
      ...untracked.filter((file) => !isTooLarge(file)).map(({ path }) => path),
    ],
    leftOut: untracked.filter(isTooLarge).map(({ path, bytes }) => `${path} (${formatBytes(bytes)})`),
  };
}

function formatBytes(bytes: number): string {
  const [size, unit] = bytes < 2 ** 30 ? [bytes / 2 ** 20, 'MiB'] : [bytes / 2 ** 30, 'GiB'];
  return `${size.toFixed(1)} ${unit}`;
}

/** Names as they are, none a pattern. */
function addFiles(env: NodeJS.ProcessEnv, project: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const args = ['--literal-pathspecs', 'add', '--all', '--pathspec-from-file=-', '--pathspec-file-nul'];
  execFileSync('git', args, { cwd: project, env, input: paths.join('\0'), stdio: ['pipe', 'ignore', 'pipe'] });
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

/** Names of a hundred thousand files. */
const MAX_ANSWER_BYTES = 2 ** 26;

function git(cwd: string, ...args: string[]): string {
  return gitWith(process.env, cwd, ...args);
}

function gitWith(env: NodeJS.ProcessEnv, cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: MAX_ANSWER_BYTES,
  }).trim();
}

function tryGit(cwd: string, ...args: string[]) {
  return spawnSync('git', args, { cwd, encoding: 'utf8' });
}
