// Tells two states of a technique's code apart, wherever it lies: rows of one name may come of different code.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { followImports } from './module-imports.ts';
import { PROJECT } from './registry.ts';

const HARNESS = join(PROJECT, 'bench') + sep;

/** Of the technique's folder, tests aside, and of what it imports outside of it; tare's own contract and packages aside. */
export function techniqueHash(techniqueFile: string): string {
  const folder = dirname(techniqueFile);
  const hash = createHash('sha256');
  for (const name of sourcesOf(folder)) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Relative to the folder, so that it may lie anywhere. */
function sourcesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const own = names.filter((name) => /\.(ts|js|mjs|wasm)$/.test(name) && !/\.test\.ts$|node_modules/.test(name));
  const files = new Set<string>();
  for (const name of own) followImports(join(folder, name), files);
  const outside = [...files].filter((file) => !file.startsWith(HARNESS));
  return outside.map((file) => relative(folder, file).replaceAll(sep, '/')).sort();
}
