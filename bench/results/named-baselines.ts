// Runs that are kept under a name, to hold later ones against: `<out>/baselines/<name>.csv`, its samples and its manifest.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import { siblingPath } from './results-file.ts';

const FOLDER = 'baselines';
/** What is safe as the name of a file everywhere. */
const NAME = /^\w[\w.-]{0,99}$/;

/** Throws InputError on what is no name. */
export function assertBaselineName(flag: string, name: string): void {
  if (NAME.test(name)) return;
  throw new InputError(`--${flag}: must be a name of letters, digits, dots, dashes and underscores, got ${name}`);
}

/** The CSV of a saved run; throws InputError where there is none. */
export function findBaseline(out: string, name: string): string {
  const path = join(out, FOLDER, `${name}.csv`);
  if (existsSync(path)) return path;
  const saved = savedNames(join(out, FOLDER));
  const known = saved.length > 0 ? `there are ${saved.join(', ')}` : `--save-baseline ${name} saves one`;
  throw new InputError(`--baseline: must name a run saved in ${join(out, FOLDER)}, got ${name}; ${known}`);
}

function savedNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.csv'));
  return files.map((file) => file.slice(0, -'.csv'.length)).toSorted();
}

/** Keeps a copy of a run's files under the name, in place of the run that had it before. The path of its CSV. */
export function saveBaseline(csv: string, out: string, name: string): string {
  const target = join(out, FOLDER, `${name}.csv`);
  try {
    mkdirSync(dirname(target), { recursive: true });
    // The CSV comes last: with the others alone there is no run.
    for (const kind of ['samples.jsonl', 'run.json']) replaceFile(siblingPath(csv, kind), siblingPath(target, kind));
    replaceFile(csv, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`--save-baseline: must be able to write ${target}, got ${code}; the run itself is at ${csv}`);
  }
  return target;
}

/** Whole or not at all; what the new run lacks, goes. */
function replaceFile(from: string, to: string): void {
  if (!existsSync(from)) {
    rmSync(to, { force: true });
    return;
  }
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}
