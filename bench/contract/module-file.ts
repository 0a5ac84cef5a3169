// Entry points of child processes, of workers and of pages, and the modules of the contract: TypeScript in a checkout,
// compiled JavaScript in the package, below whose `node_modules` Node strips no types.
import { dirname, join } from 'node:path';

/** What modules of tare end in, as this one does. */
export const MODULE_SUFFIX = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';

/** Whether this is the package and no checkout. */
export const IS_PACKAGE = MODULE_SUFFIX === '.js';

/** The file of a module, named relative to the one that asks as an import names it: `moduleFile('./worker.ts', import.meta.filename)`. */
export function moduleFile(specifier: string, importer: string): string {
  return join(dirname(importer), specifier.replace(/\.ts$/, MODULE_SUFFIX));
}
