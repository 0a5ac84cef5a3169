// Which of the packages that tare does without are there, and how the others come into the project that has tare.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../contract/input-error.ts';

export interface OptionalPackage {
  readonly name: string;
  /** Undefined where it is not installed. */
  readonly installed?: string;
  /** What the package asks for; undefined in a checkout, whose lockfile says it. */
  readonly wanted?: string;
  /** As measured when the package was made. */
  readonly megabytes?: number;
}

export function examinePackage(name: string, project: string): OptionalPackage {
  const { peerDependencies = {}, tare = {} } = readJson(join(project, 'package.json'));
  const file = findInstalled(name, project);
  const installed: string | undefined = file && readJson(file).version;
  return { name, installed, wanted: peerDependencies[name], megabytes: tare.megabytes?.[name] };
}

/** Folders that hold what has a lockfile of its own in a checkout; those above them are looked through too. */
const APART = ['duckdb', 'queue'];

function findInstalled(name: string, project: string): string | undefined {
  for (const folder of APART) {
    try {
      return findPackageJSON(name, pathToFileURL(join(project, '.peers', folder, 'package.json')));
    } catch {
      // Perhaps in the next.
    }
  }
  return undefined;
}

export function isThere({ installed, wanted }: OptionalPackage): boolean {
  return installed !== undefined && (wanted === undefined || installed === wanted);
}

/** The folder that has the package among its own. Throws InputError where it is nobody's project. */
export function projectOf(project: string, specs: readonly string[]): string {
  const root = dirname(dirname(project));
  if (basename(dirname(project)) === 'node_modules' && existsSync(join(root, 'package.json'))) return root;
  throw new InputError(
    `setup: must be of tare in a project's node_modules, got ${project}; install them beside it: ${specs.join(' ')}`,
  );
}

/** Names and versions of all that npm would add, what the packages depend on too. */
export function whatNpmAdds(root: string, specs: readonly string[]): string[] {
  const { stdout } = npm(root, ['install', '--dry-run', '--json', ...QUIET, ...specs], ['ignore', 'pipe', 'inherit']);
  const { add }: { add: readonly { name: string; version: string }[] } = JSON.parse(stdout.slice(stdout.indexOf('{')));
  return add.map(({ name, version }) => `${name}@${version}`);
}

export function installPackages(root: string, specs: readonly string[]): void {
  npm(root, ['install', '--save-exact', ...QUIET, ...specs], ['ignore', 'inherit', 'inherit']);
}

/** At a level of its own: below `npm run -s` npm would say nothing at all. */
const QUIET = ['--no-audit', '--no-fund', '--loglevel=warn'];

function npm(root: string, words: readonly string[], stdio: ('ignore' | 'pipe' | 'inherit')[]) {
  const { status, stdout, error } = spawnSync('npm', words, {
    cwd: root,
    encoding: 'utf8',
    stdio,
    shell: process.platform === 'win32',
  });
  if (status === 0) return { stdout };
  throw new InputError(`setup: npm must install them, got ${error?.message ?? `exit code ${status}`}; it says why`);
}

function readJson(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
