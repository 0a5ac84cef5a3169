import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Roofline } from '../../contract/roofline.ts';
import { cacheBytes } from './caches.ts';
import { higherOf } from './probe.ts';
import { attainable, bandwidthAt, type KernelWork, levelOf } from './roofline.ts';

const roofline: Roofline = {
  peaks: { 128: { f32_gflops: 50, int8_gops: 100 } },
  bandwidth: [
    { bytes: 2 ** 14, gbytes_per_s: 100 },
    { bytes: 2 ** 20, gbytes_per_s: 40 },
    { bytes: 2 ** 26, gbytes_per_s: 10 },
  ],
  cache_bytes: { L1: 32_768, L2: 524_288, L3: 2 ** 25 },
  threaded: {
    threads: 2,
    peaks: { 128: { f32_gflops: 90, int8_gops: 190 } },
    bandwidth: [
      { bytes: 2 ** 14, gbytes_per_s: 180 },
      { bytes: 2 ** 26, gbytes_per_s: 14 },
    ],
  },
};
const work: KernelWork = { operations: 1000, arithmetic: 'f32', movedBytes: 10, width: 128, threads: 1 };

test('much work per byte is bound by the peak of its arithmetic', () => {
  expect(attainable(work, roofline)).toBe(50);
  expect(attainable({ ...work, arithmetic: 'int8' }, roofline)).toBe(100);
});

test('little work per byte is bound by the bandwidth of a working set of that size', () => {
  const decode = { ...work, operations: 2 ** 27, movedBytes: 2 ** 28 };
  expect(attainable(decode, roofline)).toBe(5);
  expect(attainable({ ...decode, operations: 2 ** 20, movedBytes: 2 ** 20 * 2 }, roofline)).toBeCloseTo(17.5);
});

test('several threads are held against what so many reached together', () => {
  expect(attainable({ ...work, threads: 2 }, roofline)).toBe(90);
  expect(attainable({ ...work, arithmetic: 'int8', threads: 2 }, roofline)).toBe(190);
  const decode = { ...work, operations: 2 ** 27, movedBytes: 2 ** 28, threads: 2 };
  expect(attainable(decode, roofline)).toBe(7);
});

test('so many threads as were not measured have no roof', () => {
  expect(attainable({ ...work, threads: 3 }, roofline)).toBeUndefined();
  expect(attainable({ ...work, threads: 2 }, { ...roofline, threaded: undefined })).toBeUndefined();
});

test('a roofline that was recorded before there were threads in it is still read', () => {
  const { threaded, ...before } = roofline;
  expect(Roofline.parse(JSON.parse(JSON.stringify(before)))).toEqual(before);
  expect(Roofline.parse(JSON.parse(JSON.stringify(roofline))).threaded).toEqual(threaded);
});

test('bandwidth lies between its neighbours, by the logarithm of the size, and is constant past the ends', () => {
  expect([1, 2 ** 17, 2 ** 23, 2 ** 40].map((bytes) => bandwidthAt(bytes, roofline))).toEqual([100, 70, 25, 10]);
});

test('a width whose peak was not measured has no roof', () => {
  expect(attainable({ ...work, width: 256 }, roofline)).toBeUndefined();
});

test('a working set belongs to the innermost level that holds it', () => {
  expect([1000, 100_000, 2 ** 24, 2 ** 26].map((bytes) => levelOf(bytes, roofline))).toEqual([
    'L1',
    'L2',
    'L3',
    'DRAM',
  ]);
});

test('cache sizes are read as Linux lists them, instructions left out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-caches-'));
  const levels = [
    ['1', 'Instruction', '64K'],
    ['1', 'Data', '48K'],
    ['2', 'Unified', '2048K'],
    ['3', 'Unified', '36M'],
  ];
  levels.forEach(([level, type, size], i) => {
    mkdirSync(join(folder, `index${i}`));
    for (const [file, text] of Object.entries({ level, type, size }))
      writeFileSync(join(folder, `index${i}`, file), `${text}\n`);
  });
  expect(cacheBytes(folder)).toEqual({ L1: 48 * 1024, L2: 2 ** 21, L3: 36 * 2 ** 20 });
  expect(cacheBytes(join(folder, 'nothing'))).toEqual({ L1: 32_768, L2: 2 ** 20, L3: 2 ** 25 });
});

test('of two answers each figure is the higher one', () => {
  const answer = (f32_gflops: number, int8_gops: number, ...rates: number[]) => ({
    peaks: { f32_gflops, int8_gops },
    bandwidth: rates.map((gbytes_per_s, i) => ({ bytes: 2 ** (14 + i), gbytes_per_s })),
  });
  expect(higherOf(answer(59, 189, 100, 190), answer(118, 95, 220, 33))).toEqual(answer(118, 189, 220, 190));
});
