import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { findTensor, readHeader } from './safetensors.ts';
import { readTensor } from './tensor-data.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeBytes(...parts: readonly Uint8Array[]): string {
  const path = join(folder, 'file.safetensors');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

function lengthBytes(length: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  return bytes;
}

function writeText(header: string, dataBytes: number): string {
  const text = Buffer.from(header);
  return writeBytes(lengthBytes(text.length), text, new Uint8Array(dataBytes));
}

const writeFile = (header: object, dataBytes: number) => writeText(JSON.stringify(header), dataBytes);
const f32 = (shape: unknown, ...data_offsets: unknown[]) => ({ dtype: 'F32', shape, data_offsets });

function write16(dtype: string, ...bits: number[]): string {
  const header = Buffer.from(
    JSON.stringify({ w: { dtype, shape: [bits.length], data_offsets: [0, 2 * bits.length] } }),
  );
  return writeBytes(lengthBytes(header.length), header, new Uint8Array(Uint16Array.from(bits).buffer));
}

const readNamed = (path: string, name: string) => readTensor(path, findTensor(path, readHeader(path), name));

describe('readTensor', () => {
  test('reads the file that the reference implementation writes in its own test', () => {
    const header = '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}';
    const data = Buffer.from('000000000000803f0000004000004040000080400000a040', 'hex');
    const path = writeBytes(lengthBytes(64), Buffer.from(header), data);
    expect(readHeader(path)).toEqual([
      { name: 'attn.0', dtype: 'F32', shape: [1, 2, 3], byteOffset: 72, byteLength: 24 },
    ]);
    expect(readNamed(path, 'attn.0')).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
  });

  test('widens F16, subnormals and infinities included', () => {
    // IEEE 754 binary16: 1, −2, largest, smallest normal, largest and smallest subnormal, 1/3, −0, ±∞, NaN.
    const path = write16('F16', 0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x3555, 0x8000, 0x7c00, 0xfc00, 0x7e00);
    expect([...readNamed(path, 'w')]).toEqual([
      1,
      -2,
      65504,
      2 ** -14,
      1023 * 2 ** -24,
      2 ** -24,
      0.333251953125,
      -0,
      Infinity,
      -Infinity,
      NaN,
    ]);
  });

  test('widens BF16, subnormals and infinities included', () => {
    // The upper half of binary32: 1, −2, π, largest, smallest normal and subnormal, −0, ±∞, NaN.
    const path = write16('BF16', 0x3f80, 0xc000, 0x4049, 0x7f7f, 0x0080, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7fc0);
    expect([...readNamed(path, 'w')]).toEqual([
      1,
      -2,
      3.140625,
      255 * 2 ** 120,
      2 ** -126,
      2 ** -133,
      -0,
      Infinity,
      -Infinity,
      NaN,
    ]);
  });

  test('reads one tensor out of several, at an offset that is no multiple of 4', () => {
    const text = JSON.stringify({ b: f32([2], 3, 11), a: { dtype: 'U8', shape: [3], data_offsets: [0, 3] } });
    const path = writeBytes(
      lengthBytes(text.length),
      Buffer.from(text),
      Uint8Array.of(9, 9, 9),
      new Uint8Array(Float32Array.of(1.5, -8).buffer),
    );
    expect(readNamed(path, 'b')).toEqual(Float32Array.of(1.5, -8));
  });

  test('names a tensor that is missing or of a type it does not read', () => {
    const path = writeFile({ ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8);
    expect(() => readNamed(path, 'w')).toThrow(`${path}: tensor must be one of the file's 1, got w`);
    expect(() => readNamed(path, 'ids')).toThrow(
      `${path}: dtype must be one of F64 F32 F16 BF16 F8_E4M3 F8_E5M2, got ids of dtype I64`,
    );
  });
});

describe('readHeader', () => {
  test('gives tensors in the order of their bytes, and scalars and empty ones too', () => {
    const path = writeFile({ b: f32([], 8, 12), none: f32([0, 4], 0, 0), a: f32([2, 1], 0, 8) }, 12);
    expect(readHeader(path).map(({ name }) => name)).toEqual(['none', 'a', 'b']);
  });

  test('accepts metadata, padding after the object and a file without tensors', () => {
    expect(readHeader(writeText('{"__metadata__":{"format":"pt"}}     ', 0))).toEqual([]);
  });

  test('lists tensors of other types, known or not, as skipped', () => {
    const path = writeFile(
      {
        ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
        q: { dtype: 'F3_NEW', shape: [8], data_offsets: [8, 11] },
      },
      11,
    );
    expect(readHeader(path).map(({ skipped }) => skipped)).toEqual([
      'dtype must be one of F64 F32 F16 BF16 F8_E4M3 F8_E5M2',
      'dtype must be one of F64 F32 F16 BF16 F8_E4M3 F8_E5M2',
    ]);
  });

  test('reads a tensor called __proto__ like any other', () => {
    expect(readHeader(writeText('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4))[0].name).toBe(
      '__proto__',
    );
  });

  test.each<[fault: string, write: () => string, message: string]>([
    ['a missing file', () => join(folder, 'absent'), 'must be a readable file, got ENOENT'],
    ['a folder', () => folder, 'must be a readable file, got EISDIR'],
    ['fewer than 8 bytes', () => writeBytes(new Uint8Array(7)), 'must be at least 8 bytes long, got 7'],
    [
      'header length 0',
      () => writeBytes(new Uint8Array(8 + 64)),
      'header length must be from 2 to 64 bytes in a file of 72, got 0',
    ],
    [
      'a header longer than the file',
      () => writeBytes(lengthBytes(65), new Uint8Array(64)),
      'header length must be from 2 to 64 bytes in a file of 72, got 65',
    ],
    [
      'a header of 2⁶⁴ − 1 bytes',
      () => writeBytes(lengthBytes(2n ** 64n - 1n), new Uint8Array(64)),
      'header length must be from 2 to 64 bytes in a file of 72, got 18446744073709551615',
    ],
    ['a header that is not JSON', () => writeText('{"w": }', 0), 'header must be JSON in UTF-8, got something else'],
    [
      'a header that is not UTF-8',
      () => writeBytes(lengthBytes(5), Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
      'header must be JSON in UTF-8, got something else',
    ],
    ['a header that is a list', () => writeText('[1, 2]', 0), 'header must be a JSON object, got [1, 2]'],
    ['a header that is null', () => writeText('null', 0), 'header must be a JSON object, got null'],
    ['a header after white space', () => writeText(' {}', 0), 'header must be a JSON object, got  {}'],
    [
      'metadata that is not text',
      () => writeFile({ __metadata__: { epoch: 3 } }, 0),
      '__metadata__.epoch must fit the format, got Invalid input: expected string, received number',
    ],
    [
      'metadata that is a list',
      () => writeFile({ __metadata__: ['pt'] }, 0),
      '__metadata__ must fit the format, got Invalid input: expected record, received array',
    ],
    [
      'a tensor without a shape',
      () => writeFile({ w: { dtype: 'F32', data_offsets: [0, 4] } }, 4),
      'tensor w.shape must fit the format, got Invalid input: expected array, received undefined',
    ],
    [
      'a negative dimension',
      () => writeFile({ w: f32([-1, -1], 0, 4) }, 4),
      'tensor w.shape.0 must fit the format, got Too small: expected number to be >=0',
    ],
    [
      'a fractional dimension',
      () => writeFile({ w: f32([0.5, 2], 0, 4) }, 4),
      'tensor w.shape.0 must fit the format, got Invalid input: expected int, received number',
    ],
    [
      'a dimension past 2⁵³',
      () => writeText('{"w":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 4),
      'tensor w.shape.0 must fit the format, got Too big: expected int to be <=9007199254740991',
    ],
    [
      'three offsets',
      () => writeFile({ w: f32([1], 0, 4, 8) }, 8),
      'tensor w.data_offsets must fit the format, got Too big: expected array to have <=2 items',
    ],
    ['offsets that fall', () => writeFile({ w: f32([1], 4, 0) }, 4), 'data_offsets of w must not fall, got 4 to 0'],
    [
      'a length that is not shape × size',
      () => writeFile({ w: f32([2, 3], 0, 20) }, 20),
      'data of w must be 24 bytes for F32 [2, 3], got 20',
    ],
    [
      'a shape whose product overflows',
      () => writeFile({ w: f32([2 ** 40, 2 ** 40], 0, 0) }, 0),
      'data of w must be 4.835703278458517e+24 bytes for F32 [1099511627776, 1099511627776], got 0',
    ],
    [
      'tensors that overlap',
      () => writeFile({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12),
      'b must begin at byte 8, got an overlap: 4',
    ],
    [
      'a hole between tensors',
      () => writeFile({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12),
      'b must begin at byte 4, got a hole: 8',
    ],
    ['a hole before the first', () => writeFile({ a: f32([1], 4, 8) }, 8), 'a must begin at byte 0, got a hole: 4'],
    ['data cut short', () => writeFile({ w: f32([4], 0, 16) }, 15), 'must be 79 bytes long by its header, got 78'],
    ['data left over', () => writeFile({ w: f32([4], 0, 16) }, 17), 'must be 79 bytes long by its header, got 80'],
    [
      'a key given twice',
      () =>
        writeText(
          '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
          4,
        ),
      'header keys must be unique, got w twice',
    ],
  ])('refuses %s in one line', (_, write, message) => {
    const path = write();
    expect(() => readHeader(path)).toThrow(new InputError(`${path}: ${message}`));
  });

  test('refuses a header past 100 MB before reading it', () => {
    const path = join(folder, 'large.safetensors');
    writeFileSync(path, lengthBytes(100_000_001));
    truncateSync(path, 100_000_100);
    expect(() => readHeader(path)).toThrow(/header length must be from 2 to 100000000 bytes .* got 100000001$/);
  });
});
