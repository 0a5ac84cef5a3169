// Techniques and suites of one's own may lie in any folder, and call tare by name: `import { defineTechnique } from 'tare'`,
// `import type { Wasm } from 'tare/runtimes/wasm'`.
import { moduleFile } from './module-file.ts';

/** The module of tare that a specifier names; undefined for other specifiers. */
export function contractModule(specifier: string): string | undefined {
  if (specifier === 'tare') return moduleFile('../api/tare.ts', import.meta.filename);
  const name = /^tare\/([\w/-]+)$/.exec(specifier)?.[1];
  return name && moduleFile(`./${name}.ts`, import.meta.filename);
}
