import { readFileSync } from 'node:fs';
import { IS_PACKAGE, moduleFile } from './module-file.ts';

/** What brings packages that are missing: a checkout's lockfile has them, a package's user installs those that are wanted. */
export function installLine(...names: readonly string[]): string {
  if (!IS_PACKAGE) return 'npm ci';
  const manifest = readFileSync(moduleFile('../../package.json', import.meta.filename), 'utf8');
  const { peerDependencies }: { peerDependencies: Readonly<Record<string, string>> } = JSON.parse(manifest);
  return `npm install ${names.map((name) => `${name}@${peerDependencies[name]}`).join(' ')}`;
}
