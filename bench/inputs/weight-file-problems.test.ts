import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWeightFile, spellName } from './weight-file-problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'tare-weights-'));
const problem = { op: 'matmul', M: 4, N: 1, K: 1, weights: 'synthetic', seed: 0 } as const;

/** A safetensors file of zeros. */
function fileOf(
  name: string,
  tensors: Readonly<Record<string, readonly [dtype: string, bytes: number, shape: number[]]>>,
) {
  let at = 0;
  const entries = Object.entries(tensors).map(([tensor, [dtype, bytes, shape]]) => {
    const length = bytes * shape.reduce((product, extent) => product * extent, 1);
    at += length;
    return [tensor, { dtype, shape, data_offsets: [at - length, at] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([size, header, Buffer.alloc(at)]));
  return path;
}

test('names that differ in marks alone stay apart, and those without any stay as they are', () => {
  const path = fileOf('m.safetensors', {
    'l:0': ['F32', 4, [2, 3]],
    l_0: ['F32', 4, [2, 3]],
    'l,0': ['F32', 4, [2, 3]],
  });
  const weights = openWeightFile(path)
    .problems(problem)
    .map((each) => each.weights);
  expect(weights).toEqual(['m/l%3a0', 'm/l_0', 'm/l%2c0']);
});

test('a percent sign is spelled too, so that no name can pass for another one spelled', () => {
  expect(spellName('a%3ab')).toBe('a%253ab');
  expect(spellName('a:b')).toBe('a%3ab');
});

test('what would turn the direction of writing is spelled out', () => {
  expect(spellName('w\u202Eetihw')).toBe('w%{202e}etihw');
});

test('what is left out is said: which, how many, why', () => {
  const path = fileOf('mixed.safetensors', {
    first: ['F32', 4, [2, 3, 4, 5]],
    second: ['F32', 4, [2, 3, 4, 5]],
    third: ['F32', 4, [2, 3, 4, 5]],
    bias: ['F32', 4, [7]],
    ids: ['I64', 8, [2, 2]],
    wide: ['F64', 8, [2, 2]],
    w: ['BF16', 2, [2, 3]],
  });
  const { notes, problems } = openWeightFile(path);
  expect(problems(problem)).toHaveLength(2);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/^mixed\.safetensors: 5 of 7 tensors are left out/);
  expect(notes[0]).toContain('3 with 4 axes (first [2, 3, 4, 5], second [2, 3, 4, 5], …)');
  expect(notes[0]).toContain('1 with one axis (bias [7])');
  expect(notes[0]).toContain('1 of I64 (ids [2, 2])');
});

test('experts in one tensor are matrices one by one', () => {
  const path = fileOf('experts.safetensors', { before: ['F32', 4, [5]], w: ['BF16', 2, [3, 2, 4]] });
  const problems = openWeightFile(path).problems(problem);
  expect(problems.map(({ weights }) => weights)).toEqual(['experts/w[0]', 'experts/w[1]', 'experts/w[2]']);
  const places = problems.map((each) => (each.op === 'matmul' ? each.file?.values : undefined));
  const first = places[0]?.byteOffset ?? 0;
  expect(problems[2]).toMatchObject({ N: 2, K: 4 });
  expect(places).toEqual([0, 16, 32].map((at) => ({ dtype: 'BF16', byteOffset: first + at, byteLength: 16 })));
});

test('8-bit floats are read without the scales beside them, which is said', () => {
  const path = fileOf('eight.safetensors', {
    'a.weight': ['F8_E4M3', 1, [2, 2]],
    'a.weight_scale_inv': ['F32', 4, [1, 1]],
    'b.weight': ['F8_E5M2', 1, [2, 2]],
  });
  const { notes, problems } = openWeightFile(path);
  expect(problems(problem)).toHaveLength(3);
  expect(notes).toEqual(['8-bit floats are read without the scales beside them: a.weight [2, 2]']);
});

test('a file without a matrix says what it has instead', () => {
  const path = fileOf('none.safetensors', { filter: ['F32', 4, [2, 3, 4, 5]] });
  expect(() => openWeightFile(path)).toThrow(
    /--weights: must hold a matrix of floating-point numbers, got none .*1 with 4 axes/,
  );
});
