// Techniques of one's own may lie in any folder, and call tare's contract by name: `import { defineTechnique } from 'tare'`,
// `import type { Wasm } from 'tare/runtimes/wasm'`.
import { join } from 'node:path';

/** The module of the contract that a specifier names; undefined for other specifiers. */
export function contractModule(specifier: string): string | undefined {
  if (specifier === 'tare') return join(import.meta.dirname, 'technique.ts');
  const name = /^tare\/([\w/-]+)$/.exec(specifier)?.[1];
  return name && join(import.meta.dirname, `${name}.ts`);
}
