import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import vectors from '../../kernels/grid/small-floats-vectors.json' with { type: 'json' };
import { ggufTypes } from '../contract/gguf-type.ts';
import { blockTypes } from './model-files/gguf-values.ts';
import { PIECE_BYTES, readRows, readTensor } from './tensor-data.ts';

const path = join(mkdtempSync(join(tmpdir(), 'tare-tensor-')), 'bytes');

function read(dtype: string, bytes: Uint8Array): Float32Array {
  writeFileSync(path, bytes);
  return readTensor(path, { dtype, byteOffset: 0, byteLength: bytes.length });
}

test.each([
  ['F8_E4M3', vectors.e4m3.values],
  ['F8_E5M2', vectors.e5m2.values],
])('all 256 codes of %s are what ml-dtypes says', (dtype, values) => {
  const expected = new Float32Array(Uint8Array.from(Buffer.from(values, 'base64')).buffer);
  expect(
    read(
      dtype,
      Uint8Array.from({ length: 256 }, (_, code) => code),
    ),
  ).toEqual(expected);
});

test('64-bit floats are rounded to the nearest of 32 bits', () => {
  const doubles = Float64Array.of(1, 1 + 2 ** -24, 1 + 3 * 2 ** -24, -1e300, 2 ** -150, Number.NaN);
  const nearest = [1, 1, 1 + 2 ** -22, Number.NEGATIVE_INFINITY, 0, Number.NaN];
  expect([...read('F64', new Uint8Array(doubles.buffer))]).toEqual(nearest);
});

test('a file that has become shorter since its header was read is refused', () => {
  writeFileSync(path, new Uint8Array(7));
  expect(() => readTensor(path, { dtype: 'F32', byteOffset: 4, byteLength: 8 })).toThrow(
    `${path}: must hold 12 bytes, got 7`,
  );
});

test('a tensor longer than what is read at once is whole, and its rows can be read alone', () => {
  expect(blockTypes.filter((type) => PIECE_BYTES % ggufTypes[type].bytes !== 0)).toEqual([]);
  const [N, K] = [PIECE_BYTES / 8 + 1, 8];
  const values = Float16Array.from({ length: N * K }, (_, i) => i % 2039);
  writeFileSync(path, new Uint8Array(values.buffer));
  const tensor = { dtype: 'F16', byteOffset: 0, byteLength: values.byteLength };
  const read = readTensor(path, tensor);
  expect(read.length).toBe(values.length);
  expect(read.findIndex((value, i) => value !== values[i])).toBe(-1);
  const rows = [N - 1, 0, 5, 5].flatMap((row) => [...read.subarray(row * K, (row + 1) * K)]);
  expect([...readRows(path, tensor, N, [N - 1, 0, 5, 5])]).toEqual(rows);
});
