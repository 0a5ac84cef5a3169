import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readHeader } from './safetensors.ts';
import { writeF16Safetensors } from './safetensors-write.ts';
import { readTensor } from './tensor-data.ts';

test('tensors come back in order, with their shapes and values rounded to f16', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'safetensors-')), 'w.safetensors');
  writeF16Safetensors(path, {
    matrix: { shape: [2, 3], values: Float32Array.of(1, -2, 0.5, 65504, 2 ** -24, 0.1) },
    bias: { shape: [1], values: Float32Array.of(7) },
  });
  const entries = readHeader(path);
  expect(entries.map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual([
    { name: 'matrix', dtype: 'F16', shape: [2, 3] },
    { name: 'bias', dtype: 'F16', shape: [1] },
  ]);
  expect([...readTensor(path, entries[0])]).toEqual([1, -2, 0.5, 65504, 2 ** -24, Math.f16round(0.1)]);
  expect([...readTensor(path, entries[1])]).toEqual([7]);
  expect(entries[0].byteOffset % 8).toBe(0);
});
