// Lines that a person types: a checkout's commands are npm scripts, and its packages come with `npm ci`; the package's are typed
// by npx, and what is optional is brought by `tare setup`. No other module spells them.
import { dirname } from 'node:path';
import { IS_PACKAGE } from './module-file.ts';
import { type OptionalPart, optionalParts } from './optional-parts.ts';

/** The checkout. */
const PROJECT = dirname(dirname(import.meta.dirname));

/** A command of tare, as it is typed in the folder the process is in. */
export function tareLine(words: string, isPackage = IS_PACKAGE, folder = process.cwd()): string {
  if (isPackage) return `npx tare ${words}`;
  return `${npmRun(folder)} tare -- ${words}`;
}

function npmRun(folder: string): string {
  return folder === PROJECT ? 'npm run' : `npm --prefix ${PROJECT} run`;
}

/** What brings packages that are missing. */
export function setupLine(part: OptionalPart, isPackage = IS_PACKAGE): string {
  return isPackage ? `npx tare setup ${part}` : (optionalParts[part].inCheckout ?? 'npm ci');
}

/** A script that takes tare's sources. */
export function scriptLine(name: string, isPackage = IS_PACKAGE, folder = process.cwd()): string {
  return isPackage ? `npm run ${name} in a checkout of tare` : `${npmRun(folder)} ${name}`;
}

/** The same code and its packages, before one of its commands: of a row that another may have measured. */
export function commitLine(commit: string | undefined, words: string, isPackage = IS_PACKAGE): string {
  if (isPackage) return tareLine(words, isPackage);
  return `${commit === undefined ? '' : `git checkout ${commit} && npm ci && `}${tareLine(words, isPackage, PROJECT)}`;
}
