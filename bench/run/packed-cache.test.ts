import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Technique } from '../contract/technique.ts';
import { withPackedCache } from './packed-cache.ts';

const problem = { op: 'matmul', M: 1, N: 2, K: 3, weights: 'synthetic', seed: 0 } as const;
const W = Float32Array.of(1, 2, 3, 4, 5, 6);

const temporaryFolder = () => mkdtempSync(join(tmpdir(), 'packed-'));

/** A technique that counts how often it packs, which is all of it that a cache looks at: hence the cast. */
function counting() {
  const packs: Float32Array[] = [];
  const technique = {
    unstored: ['activations'],
    pack({ W: weights }: { W: Float32Array }) {
      packs.push(weights);
      return { codes: Uint8Array.from(weights), scales: Float16Array.of(0.5), folded: undefined };
    },
  } as unknown as Technique;
  return { technique, packs };
}

function cached(folder: string, codeHash = 'a', maxBytes?: number) {
  const { technique, packs } = counting();
  return { packs, ...withPackedCache(technique, codeHash, { roots: [folder], keptFromMs: 0, maxBytes }) };
}

test('what was packed once is read by the next process, bit for bit', () => {
  const folder = temporaryFolder();
  const first = cached(folder).pack({ W }, problem, {});
  const again = cached(folder);
  expect(again.pack({ W }, problem, {})).toEqual(first);
  expect(again.pack({ W }, problem, { activations: 'int8' })).toEqual(first);
  expect(again.packs).toEqual([]);
});

test.each([
  ['other weights', 'a', Float32Array.of(1, 2, 3, 4, 5, 7), {}, undefined],
  ['other parameters', 'a', W, { method: 'gptq' }, undefined],
  ['other code', 'b', W, {}, undefined],
  ['other calibration', 'a', W, {}, { X: Float32Array.of(1, 2, 3), rows: 1 }],
])('%s are packed anew', (_, codeHash, weights, params, calibration) => {
  const folder = temporaryFolder();
  cached(folder).pack({ W }, problem, {});
  const other = cached(folder, codeHash);
  other.pack({ W: weights }, problem, params, calibration);
  expect(other.packs).toHaveLength(1);
});

test.each([
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -3)],
  ['altered', (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)))],
  ['empty', () => Buffer.alloc(0)],
])('a file that is %s is packed anew', (_, spoil) => {
  const folder = temporaryFolder();
  const packed = cached(folder).pack({ W }, problem, {});
  const [name] = readdirSync(join(folder, 'packed'));
  const path = join(folder, 'packed', name);
  writeFileSync(path, spoil(readFileSync(path)));
  const again = cached(folder);
  expect(again.pack({ W }, problem, {})).toEqual(packed);
  expect(again.packs).toHaveLength(1);
});

test('the oldest files make room for new ones', () => {
  const folder = temporaryFolder();
  for (let i = 0; i < 5; i++) cached(folder, `${i}`, 200).pack({ W }, problem, {});
  const files = readdirSync(join(folder, 'packed'));
  expect(files.length).toBeGreaterThan(0);
  expect(files.length).toBeLessThan(5);
});

test('a folder that takes nothing is no reason to fail', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'packed'), '');
  expect(cached(folder).pack({ W }, problem, {})).toMatchObject({ codes: Uint8Array.of(1, 2, 3, 4, 5, 6) });
});
