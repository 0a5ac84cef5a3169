// Which files a module is made of.
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Relative specifiers of imports that are left when types are gone, and modules that are started as workers. */
const IMPORTS =
  /(?:^|\n)\s*(?:import|export)\s(?!type\s)[^;'"]*?['"](\.[^'"]+)['"]|(?:import|new URL|moduleFile)\(\s*['"](\.[^'"]+)['"]/g;

export function importsOf(file: string): string[] {
  const found = [...readFileSync(file, 'utf8').matchAll(IMPORTS)];
  return found.map(([, imported, opened]) => join(dirname(file), imported ?? opened));
}

/** Adds the file and all that it imports. AssemblyScript's specifiers leave the ending away. */
export function followImports(specified: string, seen: Set<string>): void {
  const file = [specified, `${specified}.ts`].find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (file === undefined || seen.has(file)) return;
  seen.add(file);
  for (const next of importsOf(file)) followImports(next, seen);
}
