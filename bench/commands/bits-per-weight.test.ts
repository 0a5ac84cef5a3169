import { expect, test } from 'vitest';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import { bitsPerWeight } from './bits-per-weight.ts';

test.each([
  ['dense', 32, 32],
  // 16 bits of scale for 128 and for 32 weights.
  ['int4', 4 + 16 / 128, 4 + 16 / 32],
  ['q4-k', 4.5, 4.5],
  ['q6-k', 6.5625, 6.5625],
  ['mxfp4', 4.25, 4.25],
  ['naive-attention', 32, 32],
])('%s takes from %f to %f bits a weight', async (id, min, max) => {
  expect(bitsPerWeight(await loadTechnique(id, [KERNELS_DIR]))).toEqual({ min, max });
});

test('where it hangs on how many weights are kept there is no such number', async () => {
  expect(bitsPerWeight(await loadTechnique('csr', [KERNELS_DIR]))).toBeUndefined();
});

test('nor where it hangs on the shape, nor where the weights cannot be packed', async () => {
  const dense = await loadTechnique('dense', [KERNELS_DIR]);
  const fixed = { ...dense, bytes: () => ({ values: 4096, indices: 0, scales: 0 }) };
  expect(bitsPerWeight(fixed)).toBeUndefined();
  const broken = () => {
    throw new Error('K: must be 5');
  };
  expect(bitsPerWeight({ ...dense, pack: broken })).toBeUndefined();
});
