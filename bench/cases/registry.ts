// Finds techniques and suites by walking their folders; nothing lists them.
import { readdirSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../contract/input-error.ts';
import { MODULE_SUFFIX } from '../contract/module-file.ts';
import { contractModule } from '../contract/own-import.ts';
import type { Suite } from '../contract/suite.ts';
import type { Technique } from '../contract/technique.ts';
import { techniqueModule } from './technique-module.ts';

/** Where tare itself stands. */
export const PROJECT = dirname(dirname(import.meta.dirname));
/** Folder of tare's own techniques. */
export const KERNELS_DIR = join(PROJECT, 'kernels');

registerHooks({
  resolve(specifier, context, nextResolve) {
    const own = contractModule(specifier);
    return own === undefined ? nextResolve(specifier, context) : { url: pathToFileURL(own).href, shortCircuit: true };
  },
});

/** Every technique of the folders by id, in alphabetical order. Throws InputError on what is no technique. */
export async function loadTechniques(folders: readonly string[]): Promise<Map<string, Technique>> {
  // The processes of cases load techniques that were checked here, and do without the schema.
  const { assertKernelsFolder, checkTechnique } = await import('./technique-schema.ts');
  for (const folder of folders) assertKernelsFolder(folder);
  const techniques = new Map<string, Technique>();
  for (const [id, file] of techniqueFiles(folders)) techniques.set(id, checkTechnique(await defaultExport(file), file));
  return techniques;
}

export async function loadTechnique(id: string, folders: readonly string[]): Promise<Technique> {
  const file = techniqueFiles(folders).get(id);
  if (file === undefined) throw new Error(`technique: must be a folder of ${folders.join(', ')}, got ${id}`);
  return defaultExport<Technique>(file);
}

/** The module of every technique, in the same order. Throws InputError where two folders have one of the same name. */
export function techniqueFiles(folders: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of new Set(folders.map((path) => resolve(path)))) {
    for (const [id, file] of modulesIn(folder)) {
      const taken = files.get(id);
      if (taken !== undefined)
        throw new InputError(
          `--kernels: techniques must have names of their own, got ${id} in ${dirname(dirname(taken))} and in ${folder}; rename the folder`,
        );
      files.set(id, file);
    }
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** tare's own suites. */
export async function loadSuites(): Promise<Map<string, Suite>> {
  const folder = join(PROJECT, 'suites');
  const suites = new Map<string, Suite>();
  for (const file of readdirSync(folder).sort()) {
    // Declarations lie beside compiled suites.
    if (!file.endsWith(MODULE_SUFFIX) || /\.(test|d)\.ts$/.test(file)) continue;
    suites.set(basename(file, MODULE_SUFFIX), await defaultExport<Suite>(join(folder, file)));
  }
  return suites;
}

function modulesIn(folder: string): [id: string, file: string][] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError(`--kernels: must be a folder of techniques, got ${folder}`);
  return readdirSync(folder).flatMap((id) => {
    const file = techniqueModule(join(folder, id));
    return file === undefined ? [] : [[id, file]];
  });
}

async function defaultExport<T>(file: string): Promise<T> {
  let module: { default?: T };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw new InputError(`${file}: must be a module that loads, got ${(error as Error).message}`);
  }
  if (module.default === undefined) throw new InputError(`${file}: must have a default export`);
  return module.default;
}
