// The technique that docs/techniques.md shows, file by file, and the suite of docs/suites.md: what `tare new` writes under other names.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PROJECT } from './registry.ts';

export const GUIDE_TECHNIQUE = 'my-bf16';

/** Text by file name, with the given id in place of the guide's own. */
export function guideTechnique(id: string): Map<string, string> {
  const guide = readFileSync(join(PROJECT, 'docs', 'techniques.md'), 'utf8');
  const blocks = guide.matchAll(/^`(my-bf16\/[\w.]+)`\n\n```ts\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, path, text]) => [basename(path), text.replaceAll(GUIDE_TECHNIQUE, id)]));
}

export function guideSuite(): string {
  const guide = readFileSync(join(PROJECT, 'docs', 'suites.md'), 'utf8');
  return /^```ts\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';
}
