import type { Border } from '../../bench/contract/technique.ts';
import type { MatmulShape } from './layout.ts';

/**
 * For formats that can't cut a block short: what they say of other K, and shapes for tests, since those that all kernels are
 * tried with have an odd K. `fallback` is what llama.cpp stores instead (src/llama-quant.cpp) as long as blocks of 32 fit.
 */
export function wholeBlocks(block: number, fallback?: string) {
  const K = 3 * block * Math.ceil(96 / block);
  const borders: readonly Border<'matmul', object>[] = [
    { shape: { M: 3, N: 5, K } },
    { shape: { M: 1, N: 19, K } },
    // Past a tile along each side.
    { shape: { M: 131, N: 67, K } },
  ];
  return {
    skip({ K }: MatmulShape): string | undefined {
      if (K % block === 0) return undefined;
      const instead = fallback && `; llama.cpp falls back to ${K % 32 === 0 ? fallback : 'F16'}`;
      return `K must be a multiple of ${block}, got ${K}${instead ?? ''}`;
    },
    borders: { ts: borders, wasm: borders, gpujs: borders, wgsl: borders },
  };
}
