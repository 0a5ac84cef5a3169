import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTfjsWeights } from './tfjs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-tfjs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeModel(weights: object[], shards: Record<string, Uint8Array>): string {
  const path = join(folder, 'model.json');
  writeFileSync(path, JSON.stringify({ weightsManifest: [{ paths: Object.keys(shards), weights }] }));
  for (const [name, bytes] of Object.entries(shards)) writeFileSync(join(folder, name), bytes);
  return path;
}

const WEIGHTS = [
  { name: 'ids', shape: [2], dtype: 'int32' },
  { name: 'kernel', shape: [2, 3], dtype: 'float32' },
  { name: 'scale', shape: [], dtype: 'float32' },
];
const bytes = new Uint8Array(new Float32Array([0, 0, 1, 2, 3, 4, 5, 6, 0.125]).buffer);

describe('openTfjsWeights', () => {
  test('reads a tensor that lies across three shards', () => {
    const model = openTfjsWeights(
      writeModel(WEIGHTS, { a: bytes.subarray(0, 14), b: bytes.subarray(14, 15), c: bytes.subarray(15) }),
    );
    expect(model.names).toEqual(['ids', 'kernel', 'scale']);
    expect(model.read('kernel')).toEqual({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect(model.read('scale')).toEqual({ shape: [], data: Float32Array.of(0.125) });
  });

  test('names the tensor or type that it cannot read', () => {
    const model = openTfjsWeights(writeModel(WEIGHTS, { a: bytes }));
    expect(() => model.read('bias')).toThrow(/tensor must be in the weights manifest, got bias$/);
    expect(() => model.read('ids')).toThrow(/dtype of ids must be float32, got int32$/);
  });

  test('says how many bytes shards cut short are missing', () => {
    const model = openTfjsWeights(writeModel(WEIGHTS, { a: bytes.subarray(0, 20) }));
    expect(() => model.read('kernel')).toThrow(/shards must hold 32 bytes, got 20$/);
  });

  test('refuses quantised weights, whose bytes mean something else', () => {
    const quantised = {
      name: 'kernel',
      shape: [4],
      dtype: 'float32',
      quantization: { dtype: 'uint8', min: 0, scale: 1 },
    };
    expect(() => openTfjsWeights(writeModel([quantised], { a: bytes }))).toThrow(/quantised shards are not read/);
  });

  test('refuses a file that is no model, or is not there', () => {
    const path = join(folder, 'other.json');
    writeFileSync(path, '{"layers": []}');
    expect(() => openTfjsWeights(path)).toThrow(/must be a tfjs model, got weightsManifest/);
    expect(() => openTfjsWeights(join(folder, 'absent.json'))).toThrow(/must be a readable JSON file, got .*ENOENT/);
  });
});
