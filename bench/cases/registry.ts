// Finds techniques and suites by walking their folders; nothing lists them.
import { readdirSync, statSync } from 'node:fs';
import { type ModuleFormat, registerHooks } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../contract/input-error.ts';
import { MODULE_SUFFIX } from '../contract/module-file.ts';
import { contractModule } from '../contract/own-import.ts';
import type { Suite } from '../contract/suite.ts';
import { suiteName } from '../contract/suite.ts';
import type { Technique } from '../contract/technique.ts';
import { techniqueModule } from './technique-module.ts';

/** Where tare itself stands. */
export const PROJECT = dirname(dirname(import.meta.dirname));
/** Folder of tare's own techniques. */
export const KERNELS_DIR = join(PROJECT, 'kernels');

registerHooks({
  resolve(specifier, context, nextResolve) {
    const own = contractModule(specifier);
    if (own !== undefined) return { url: pathToFileURL(own).href, shortCircuit: true };
    const found = nextResolve(specifier, context);
    return { ...found, format: found.format ?? formatOf(found.url) };
  },
});

/** Of one's own modules beside which no package.json tells it: Node would guess it, and say so each time. */
function formatOf(url: string): ModuleFormat | undefined {
  if (url.includes('/node_modules/')) return undefined;
  return url.endsWith('.ts') ? 'module-typescript' : url.endsWith('.js') ? 'module' : undefined;
}

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

/** The user's, of modules and folders of them, by the names of the modules. Throws InputError on what is no suite. */
export async function loadOwnSuites(paths: readonly string[]): Promise<Map<string, Suite>> {
  const { checkSuite } = await import('./suite-schema.ts');
  const suites = new Map<string, Suite>();
  const taken = new Map([...(await loadSuites()).keys()].map((id) => [id, 'tare']));
  for (const file of new Set(paths.flatMap(suiteModules))) {
    const id = suiteName(file);
    if (!/^[\w.-]+$/.test(id)) throw new InputError(`--suite: must be called by letters, digits, - and _, got ${file}`);
    const other = taken.get(id);
    if (other !== undefined)
      throw new InputError(
        `--suite: suites must have names of their own, got ${id} in ${other} and in ${file}; rename the file`,
      );
    taken.set(id, file);
    suites.set(id, checkSuite(await defaultExport(file), file));
  }
  return suites;
}

function suiteModules(path: string): string[] {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) throw new InputError(`--suite: must be there, got none at ${path}`);
  if (!there.isDirectory()) return [path];
  const files = readdirSync(path)
    .sort()
    .filter((file) => /(?<!\.(test|d))\.[tj]s$/.test(file));
  if (files.length === 0) throw new InputError(`--suite: must hold suites, <name>.ts or .js, got none in ${path}`);
  return files.map((file) => join(path, file));
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
