import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seededRandom } from '../statistics/random.ts';
import { readText, sharedStretch } from './model-text.ts';

function letters(length: number, seed: number): string {
  const { uniform } = seededRandom(seed);
  return Array.from({ length }, () => String.fromCharCode(97 + Math.floor(26 * uniform()))).join('');
}

test('a stretch in both is found wherever it begins, one of fewer than a hundred characters is none', () => {
  const stretch = letters(200, 1);
  for (const before of [0, 1, 57, 99]) {
    const one = letters(before, 3) + stretch + letters(500, 5);
    expect(sharedStretch(one, letters(313, 7) + stretch)).toBeDefined();
    expect(sharedStretch(one, letters(313, 7) + stretch.slice(0, 99))).toBeUndefined();
  }
});

test('bytes that are no UTF-8 and files that are not there are refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'text-'));
  const path = join(folder, 'latin1.txt');
  writeFileSync(path, Buffer.from('caf\xe9', 'latin1'));
  expect(() => readText(path, '--text')).toThrow(`--text: must be text in UTF-8, got other bytes in ${path}`);
  const missing = join(folder, 'none.txt');
  expect(() => readText(missing, '--text')).toThrow(
    `--text: must be a file that can be read, got ENOENT at ${missing}`,
  );
});
