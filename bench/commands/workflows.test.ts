import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';

const folder = join(PROJECT, '.github', 'workflows');
const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));

describe.each(readdirSync(folder))('%s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const lines = text.split('\n');

  test('takes actions by a hash that no one can move', () => {
    const uses = lines.filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: [\w/-]+@[0-9a-f]{40} # v\d/);
  });

  test('may only read unless a job says otherwise, ends by itself, and gives way to newer runs in its group', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
    expect(text).toMatch(/^concurrency:\n {2}group: /m);
    const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
    expect(count(/^ {4}timeout-minutes: \d+$/)).toBe(count(/^ {4}runs-on: /));
  });

  test('calls scripts that exist, and passes nothing of an event to a shell but through the environment', () => {
    for (const [, script] of text.matchAll(/npm run (?:-s )?([\w:-]+)/g))
      expect(Object.keys(scripts)).toContain(script);
    for (const line of lines.filter((said) => /^\s*(- )?run:/.test(said))) expect(line).not.toContain('${{');
  });
});
