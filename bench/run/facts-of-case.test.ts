import { expect, test } from 'vitest';
import q8Zero from '../../kernels/q8-0/technique.ts';
import type { Case } from '../contract/case.ts';
import type { Technique } from '../contract/technique.ts';
import { machine } from '../fixtures/run-files.ts';
import { factsOfCase } from './facts-of-case.ts';

const problem = { op: 'matmul', M: 512, N: 512, K: 512, weights: 'synthetic', seed: 0 } as const;
const entry: Case = {
  id: 'case',
  baselineId: 'case',
  suite: 'formats',
  technique: 'q8-0',
  params: { activations: 'int8-32' },
  backend: 'wasm',
  problem,
};
const status = { available: true, adapterType: 'none', adapter: '', driver: '', env: {} } as const;
const run = {
  ...{ runId: 'r', git: undefined, techniqueHashes: new Map(), machine, shard: undefined, threads: 1 },
  roofline: {
    peaks: { 128: { f32_gflops: 50, int8_gops: 200 } },
    bandwidth: [{ bytes: 2 ** 14, gbytes_per_s: 100 }],
    cache_bytes: { L1: 2 ** 15, L2: 2 ** 19, L3: 2 ** 25 },
  },
};
const weighed = {
  status: 'ok',
  flops: 2 * 512 ** 3,
  storedBytes: { values: 2 ** 18, indices: 0, scales: 2 ** 14 },
} as const;

test.each([
  ['what the technique says', undefined, 200],
  ['what its kernel says of this machine', 'f32', 50],
] as const)('a row is held against the roof of %s', (_, arithmetic, gflops) => {
  const technique: Technique = q8Zero;
  expect(factsOfCase(entry, technique, status, '', { ...weighed, arithmetic }, run).roof).toEqual({ gflops });
});
