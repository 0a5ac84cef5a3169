import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wholeLines, wholeSize } from './whole-lines.ts';

const path = join(mkdtempSync(join(tmpdir(), 'tare-lines-')), 'lines');

function read(text: string, quoted: boolean, pieceBytes: number) {
  writeFileSync(path, text);
  return [...wholeLines(path, quoted, pieceBytes)].map(({ bytes, isWhole }) => [bytes.toString(), isWhole]);
}

const text = 'a,b\r\n"one\ntwo","""\r\n"\r\nz\rtail';

test.each([1, 2, 3, 5, 7, 100])('pieces of %d bytes end where lines do and join to the whole', (pieceBytes) => {
  for (const quoted of [true, false]) {
    const pieces = read(text, quoted, pieceBytes);
    expect(pieces.map(([piece]) => piece).join('')).toBe(text);
    expect(pieces.at(-1)).toEqual(['tail', false]);
    for (const [piece] of pieces.slice(0, -1)) expect(piece).toMatch(/(\r\n|\n|\r)$/);
  }
});

test('a line end between quotes ends a line only where quotes are not minded', () => {
  expect(read('"a\nb"\n', true, 1)).toEqual([['"a\nb"\n', true]]);
  expect(read('"a\nb"\n', false, 1)).toEqual([
    ['"a\n', true],
    ['b"\n', true],
  ]);
});

test.each([
  ['', 0],
  ['tail', 0],
  ['a\ntail', 2],
  ['a\r\nb\r\n', 6],
  ['a\rtail', 2],
  [`a\n${'x'.repeat(9 * 2 ** 20)}`, 2],
])('what stands behind the last line end is unfinished', (content, size) => {
  writeFileSync(path, content);
  expect(wholeSize(path)).toBe(size);
});
