import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KERNELS_DIR, loadTechniques } from '../../cases/registry.ts';
import { peers, probePeer } from './peers.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-peers-'));
  const installed = join(folder, 'node_modules/@jax-js/jax');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{"version":"1.2.3"}');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('a peer that is missing says how to get it', () => {
  expect(probePeer(['onnxruntime-node'], folder)).toEqual({
    available: false,
    reason: 'onnxruntime-node is not installed: npm run peers:install',
  });
});

test('all packages of a peer must be there', () => {
  expect(probePeer(['@jax-js/jax', 'onnxruntime-web'], folder)).toMatchObject({
    reason: expect.stringContaining('onnxruntime-web'),
  });
});

test('an installed peer gives its version', () => {
  expect(probePeer(['@jax-js/jax'], folder)).toMatchObject({ available: true, version: '@jax-js/jax 1.2.3' });
});

test('peers stay out of runs that do not name them and have what their cases are paired with', async () => {
  const techniques = await loadTechniques([KERNELS_DIR]);
  for (const { kind, onlyWhenNamed } of peers) {
    expect(onlyWhenNamed).toBe(true);
    for (const baseline of ['dense', 'naive-attention']) expect(techniques.get(baseline)?.kernels).toHaveProperty(kind);
  }
});

test('only backends that end in -mt use the threads asked for', () => {
  expect(peers.map(({ id, threads }) => [id, threads(3)])).toEqual(
    peers.map(({ id }) => [id, id.endsWith('-mt') ? 3 : 1]),
  );
});
