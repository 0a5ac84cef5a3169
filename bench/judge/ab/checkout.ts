// A commit as a folder to load kernels from: a git worktree in the user's cache, with packages and compiled WebAssembly.
// It is kept while it is in use, so that the next comparison with this commit starts at once.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PROJECT } from '../../cases/registry.ts';
import { InputError } from '../../contract/input-error.ts';
import { shortHash } from '../../run/environment.ts';
import { withLock } from '../../run/lock.ts';
import { hasSide } from './load-side.ts';

export interface CheckoutOptions {
  /** Compiles the project's WebAssembly too, which takes some seconds. */
  readonly withWasm: boolean;
  readonly signal: AbortSignal;
  /** Told what is being done where it may take a while. */
  readonly say: (text: string) => void;
}

/** Not in `node_modules`, below which Node takes no TypeScript. */
function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(home(), '.cache'), 'tare');
}

/** A user that a container was started with by number has neither HOME nor an entry among the system's users. */
function home(): string {
  try {
    return homedir();
  } catch {
    return join(tmpdir(), `tare-${process.getuid?.() ?? 'cache'}`);
  }
}

/** The project at the commit, ready to be imported. */
export async function checkOut(
  { repository, prefix }: { repository: string; prefix: string },
  sha: string,
  options: CheckoutOptions,
): Promise<string> {
  const trees = makeFolder(join(cacheFolder(), 'trees', shortHash(repository)));
  const tree = join(trees, sha);
  const project = join(tree, prefix);
  await withLock(`${tree}.lock`, options, async () => {
    const isReady = existsSync(`${tree}.ready`) && existsSync(project);
    if (!isReady) await addWorktree(repository, tree, sha, options);
    if (!hasSide(project)) {
      throw new InputError(`${sha.slice(0, 10)}: must be a commit of tare with kernels to compare, got none in it`);
    }
    await linkPackages(project, options);
    writeFileSync(`${tree}.ready`, '');
    if (!options.withWasm || existsSync(`${tree}.compiled`)) return;
    options.say(`compiling WebAssembly of ${sha.slice(0, 10)}`);
    await run(process.execPath, [join('bench', 'build-wasm.ts')], project, options);
    writeFileSync(`${tree}.compiled`, '');
  });
  return project;
}

function makeFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`XDG_CACHE_HOME: must be a folder tare can write, got ${code} at ${path}`);
  }
}

async function addWorktree(repository: string, tree: string, sha: string, options: CheckoutOptions): Promise<void> {
  options.say(`checking out ${sha.slice(0, 10)}`);
  for (const old of [tree, ...unusedIn(dirname(tree))]) remove(old);
  await run('git', ['worktree', 'prune'], repository, options);
  // The user's own hooks have no business in the cache.
  const add = ['-c', 'core.hooksPath=/dev/null', 'worktree', 'add', '--quiet', '--detach', '--force', tree, sha];
  await run('git', add, repository, options);
}

function remove(folder: string): void {
  for (const part of [folder, `${folder}.ready`, `${folder}.compiled`]) rmSync(part, { recursive: true, force: true });
}

const KEPT_UNUSED_MS = 30 * 24 * 3600 * 1000;

/** The folders of trees or packages whose `.ready`, written at each use, is older than a month. */
function unusedIn(folder: string): string[] {
  const ready = readdirSync(folder).filter((name) => name.endsWith('.ready'));
  const unused = ready.filter((name) => Date.now() - statSync(join(folder, name)).mtimeMs > KEPT_UNUSED_MS);
  return unused.map((name) => join(folder, name.slice(0, -'.ready'.length)));
}

/** The packages of this very checkout where the lockfile is the same, else a copy that all such commits share. */
async function linkPackages(project: string, options: CheckoutOptions): Promise<void> {
  link(project, 'node_modules', await packagesOf(project, options));
  const peers = join(PROJECT, '.peers');
  if (existsSync(join(peers, 'node_modules')) && lockfileOf(peers) === lockfileOf(join(project, '.peers'))) {
    link(join(project, '.peers'), 'node_modules', join(peers, 'node_modules'));
  }
}

async function packagesOf(project: string, options: CheckoutOptions): Promise<string> {
  const lockfile = lockfileOf(project);
  if (lockfile === lockfileOf(PROJECT)) return join(PROJECT, 'node_modules');
  const packages = join(cacheFolder(), 'packages');
  const folder = makeFolder(join(packages, shortHash(lockfile)));
  await withLock(`${folder}.lock`, options, async () => {
    if (!existsSync(`${folder}.ready`)) await install(project, folder, options);
    writeFileSync(`${folder}.ready`, '');
  });
  for (const old of unusedIn(packages)) remove(old);
  return join(folder, 'node_modules');
}

async function install(project: string, folder: string, options: CheckoutOptions): Promise<void> {
  options.say('installing the packages of another lockfile (npm ci)');
  cpSync(join(project, 'package-lock.json'), join(folder, 'package-lock.json'));
  // The project's own scripts would look for its sources.
  const { scripts, ...manifest } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['ci', '--no-audit', '--no-fund'], folder, options);
}

/** The packages it holds; what it repeats of the project itself installs nothing. */
function lockfileOf(folder: string): string {
  const path = join(folder, 'package-lock.json');
  if (!existsSync(path)) return '';
  const { packages } = JSON.parse(readFileSync(path, 'utf8'));
  return JSON.stringify({ ...packages, '': undefined });
}

function link(folder: string, name: string, target: string): void {
  const path = join(folder, name);
  if (existsSync(path) && readlinkSync(path) === target) return;
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
}

/** Rejects with what the command said, or as the signal's abort. */
function run(command: string, args: string[], cwd: string, { signal }: CheckoutOptions): Promise<void> {
  const child = spawn(command, args, { cwd, signal, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const said = stderr.trim().split('\n').slice(-3).join(' ');
      reject(new InputError(`${command} ${args[0]}: must succeed in ${cwd}, got exit code ${code}: ${said}`));
    });
  });
}
