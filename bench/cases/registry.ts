// Finds techniques and suites by walking their folders; nothing lists them.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError } from '../contract/input-error.ts';
import type { Suite } from '../contract/suite.ts';
import type { Technique } from '../contract/technique.ts';

/** Where tare itself stands. */
export const PROJECT = dirname(dirname(import.meta.dirname));
/** Folder of tare's own techniques. */
export const KERNELS_DIR = join(PROJECT, 'kernels');

/** Every technique of the folders by id, in alphabetical order; of a shared id the last folder's. */
export async function loadTechniques(folders: readonly string[]): Promise<Map<string, Technique>> {
  const techniques = new Map<string, Technique>();
  for (const [id, file] of techniqueFiles(folders)) techniques.set(id, await loadModule(file));
  return techniques;
}

export async function loadTechnique(id: string, folders: readonly string[]): Promise<Technique> {
  const file = techniqueFiles(folders).get(id);
  if (file === undefined) throw new Error(`technique: must be a folder of ${folders.join(', ')}, got ${id}`);
  return loadModule(file);
}

async function loadModule(file: string): Promise<Technique> {
  const technique = await defaultExport<Technique>(file);
  if (typeof technique.pack === 'function' && technique.kernels !== undefined) return technique;
  throw new InputError(`${file}: must export what defineTechnique returns`);
}

/** The module of every technique, in the same order. */
export function techniqueFiles(folders: readonly string[]): Map<string, string> {
  const files = folders.flatMap((folder) => techniqueIds(folder).map((id) => [id, techniqueFile(folder, id)] as const));
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** tare's own suites. */
export async function loadSuites(): Promise<Map<string, Suite>> {
  const folder = join(PROJECT, 'suites');
  const suites = new Map<string, Suite>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    suites.set(basename(file, '.ts'), await defaultExport<Suite>(join(folder, file)));
  }
  return suites;
}

function techniqueIds(folder: string): string[] {
  if (!existsSync(folder)) throw new InputError(`--kernels: must be a folder of techniques, got ${folder}`);
  return readdirSync(folder).filter((id) => existsSync(techniqueFile(folder, id)));
}

function techniqueFile(folder: string, id: string): string {
  return resolve(folder, id, 'technique.ts');
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
