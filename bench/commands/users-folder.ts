// The paths of every command are the user's: relative to where they typed it.
import { statSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { PROJECT } from '../cases/registry.ts';
import { InputError } from '../contract/input-error.ts';
import { IS_PACKAGE } from '../contract/module-file.ts';

/**
 * Where the command was typed. npm starts a package's scripts in the package's own folder and tells in INIT_CWD where it was
 * called; that is believed only of the script that starts this very program, not of what a script starts in turn.
 */
export function usersFolder(program: string, cwd: string, env: NodeJS.ProcessEnv): string {
  const { INIT_CWD, npm_package_json, npm_lifecycle_script = '' } = env;
  const isStartedByNpm =
    cwd === PROJECT && npm_package_json !== undefined && npm_lifecycle_script.includes(relative(PROJECT, program));
  return isStartedByNpm ? (INIT_CWD ?? cwd) : cwd;
}

/** To be called before any path is read. */
export function enterUsersFolder(): void {
  process.chdir(usersFolder(process.argv[1], process.cwd(), process.env));
}

/** A checkout's own results, wherever a command is typed, as short as it can be said there; a package leaves them where one stands. */
export function resultsFolder(): string {
  if (IS_PACKAGE) return 'results';
  const results = join(PROJECT, 'results');
  const path = relative(process.cwd(), results);
  return path.startsWith('..') || isAbsolute(path) ? results : path || '.';
}

/** Where the nights of this machine are kept (`tare nightly`), and what people say of them (`tare event`). */
export function historyFolder(): string {
  return join(resultsFolder(), 'history');
}

/** The path a flag named, where it is a folder; throws InputError. */
export function folderOf(flag: string, path: string): string {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) return path;
  throw new InputError(`--${flag}: must be a folder, got ${there === undefined ? 'none at' : 'a file,'} ${path}`);
}
