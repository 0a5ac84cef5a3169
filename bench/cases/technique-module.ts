import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** tare's own are compiled in the package, and one's own may be of either language; TypeScript goes before what it is compiled to. */
const NAMES = ['technique.ts', 'technique.js'];

/** The module of the technique that a folder holds; undefined where it holds none. */
export function techniqueModule(folder: string): string | undefined {
  return NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
}
