// The commit tare itself stands at.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROJECT } from '../cases/registry.ts';
import { IS_PACKAGE } from '../contract/module-file.ts';

/** What the figures depend on; results, plots and weights that lie about do not make another version. */
export const SOURCES: readonly string[] = [
  'bench',
  'kernels',
  'suites',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  '.peers',
  '.headlessgl',
];

export interface GitState {
  readonly commit: string;
  /** Whether sources differ from the commit's. */
  readonly dirty: boolean;
}

/** Undefined outside a git checkout, and where git gives no answer about one, which is said once on stderr. */
export function gitState(project = PROJECT): GitState | undefined {
  if (IS_PACKAGE && project === PROJECT) return packagedState();
  const commit = askGit(project, 'rev-parse', '--verify', 'HEAD');
  const changes =
    commit === undefined
      ? undefined
      : askGit(project, 'status', '--porcelain', '--untracked-files=normal', '--', ...SOURCES);
  return commit === undefined || changes === undefined ? undefined : { commit, dirty: changes !== '' };
}

/** A package lies in its user's checkout, which is none of tare; its manifest names the commit it was made of. */
function packagedState(): GitState | undefined {
  const { gitHead } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  return gitHead && { commit: gitHead, dirty: false };
}

/** Every commit that led to the one checked out, newest first; none where git doesn't tell. */
export function knownCommits(project = PROJECT): string[] {
  if (IS_PACKAGE && project === PROJECT) return [];
  const { status, stdout } = runGit(project, 'rev-list', '--topo-order', 'HEAD');
  return status === 0 ? stdout.trim().split('\n') : [];
}

/** A commit in full, by whatever git takes for one; undefined where it knows none. */
export function resolveCommit(name: string, project = PROJECT): string | undefined {
  if (IS_PACKAGE && project === PROJECT) return undefined;
  const { status, stdout } = runGit(
    project,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${name}^{commit}`,
  );
  return status === 0 ? stdout.trim() : undefined;
}

function askGit(project: string, ...args: string[]): string | undefined {
  const { status, stdout, stderr, error } = runGit(project, ...args);
  if (status === 0) return stdout.trim();
  if (isCheckout(project)) warnOnce(project, error?.message ?? reasonOf(stderr));
  return undefined;
}

/** Bytes: a million commits and more. */
const MAX_OUTPUT = 2 ** 26;

/** In English, whatever the user's language. */
export function runGit(cwd: string, ...args: string[]) {
  return spawnSync('git', args, { cwd, encoding: 'utf8', maxBuffer: MAX_OUTPUT, env: { ...process.env, LC_ALL: 'C' } });
}

/** Of all that git says, what is wrong and, of an owner it distrusts, what mends it. */
export function reasonOf(stderr: string): string {
  const [first = 'nothing said'] = stderr.trim().split('\n');
  const mend = /git config --global --add safe\.directory .*/.exec(stderr)?.[0];
  const reason = first.replace(/^(fatal|error): /, '');
  return mend === undefined ? reason : `${reason}; ${mend}`;
}

function isCheckout(folder: string): boolean {
  return existsSync(join(folder, '.git')) || (folder !== dirname(folder) && isCheckout(dirname(folder)));
}

const warned = new Set<string>();

function warnOnce(project: string, reason: string): void {
  if (warned.has(project)) return;
  warned.add(project);
  process.stderr.write(`tare: git: must tell the commit, which rows will lack, got ${reason}\n`);
}
