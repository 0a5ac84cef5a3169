import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isWhole, openArrayFolder, writeArrayFolder } from './array-folder.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tare-arrays-'));
  folder = join(parent, 'cache');
});
afterEach(() => rmSync(parent, { recursive: true }));

const numbers = { rows: 2 };
const arrays = { a: Float32Array.of(1, -2.5, 3e-40), b: new Float32Array(0) };

describe('array folder', () => {
  test('gives back what was written and leaves nothing else behind', () => {
    writeArrayFolder(folder, numbers, arrays);
    const opened = openArrayFolder(folder);
    expect(opened?.numbers).toEqual(numbers);
    expect(opened?.read('a')).toEqual(arrays.a);
    expect(opened?.read('b')).toEqual(arrays.b);
    expect(opened?.read('c')).toBeUndefined();
    expect(readdirSync(parent)).toEqual(['cache']);
  });

  test.each([
    ['missing', (file: string) => rmSync(file)],
    ['cut short', (file: string) => truncateSync(file, 8)],
    ['altered', (file: string) => writeFileSync(file, new Uint8Array(12))],
  ])('does not give an array whose file is %s, and is whole again once rewritten', (_, damage) => {
    writeArrayFolder(folder, numbers, arrays);
    damage(join(folder, 'a.f32'));
    expect(openArrayFolder(folder)?.read('a')).toBeUndefined();
    writeArrayFolder(folder, numbers, arrays);
    expect(openArrayFolder(folder)?.read('a')).toEqual(arrays.a);
    expect(readdirSync(parent)).toEqual(['cache']);
  });

  test.each([
    ['no manifest', undefined],
    ['half a manifest', '{"numbers":{"rows":2},"arr'],
    ['another manifest', '{"arrays":[]}'],
  ])('does not open a folder with %s', (_, manifest) => {
    mkdirSync(folder);
    if (manifest) writeFileSync(join(folder, 'manifest.json'), manifest);
    expect(openArrayFolder(folder)).toBeUndefined();
    writeArrayFolder(folder, numbers, arrays);
    const opened = openArrayFolder(folder);
    expect(opened && isWhole(opened)).toBe(true);
  });

  test('leaves a whole folder of that name alone, since another process may be reading it', () => {
    writeArrayFolder(folder, numbers, arrays);
    writeArrayFolder(folder, { rows: 3 }, arrays);
    expect(openArrayFolder(folder)?.numbers).toEqual(numbers);
  });

  test('clears what a killed writer left, but not what may still be at work', () => {
    const [killed, working] = ['cache.tmp-killed', 'cache.tmp-working'].map((name) => join(parent, name));
    mkdirSync(killed);
    mkdirSync(working);
    const twoHoursAgo = Date.now() / 1000 - 7200;
    utimesSync(killed, twoHoursAgo, twoHoursAgo);
    writeArrayFolder(folder, numbers, arrays);
    expect(existsSync(killed)).toBe(false);
    expect(existsSync(working)).toBe(true);
  });
});
