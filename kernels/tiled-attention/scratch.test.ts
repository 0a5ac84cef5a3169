import { expect, test } from 'vitest';
import { openGpu } from '../../bench/backends/gpujs.ts';
import type { AttentionProblem } from '../../bench/contract/problem.ts';
import { gpuTiledAttention } from './gpu.ts';

async function scratchOf(mode: 'cpu' | 'webasm', M: number, seqLen: number, tileSize: number): Promise<number> {
  const [heads, headDim] = [2, 8];
  const shape = { M, seqLen, heads, headDim, causal: false };
  const problem: AttentionProblem = { op: 'attention', ...shape, weights: 'test', seed: 0 };
  const packed = { K: new Float32Array(heads * seqLen * headDim), V: new Float32Array(heads * seqLen * headDim) };
  const runtime = await openGpu(mode);
  const kernel = await gpuTiledAttention({ packed, problem, params: { tileSize }, runtime });
  kernel.dispose();
  await runtime.close();
  return kernel.workspaceBytes!;
}

test.each(['cpu', 'webasm'] as const)(
  'in gpu.js %s scratch is bounded by the tile, however many queries and keys',
  async (mode) => {
    const short = await scratchOf(mode, 64, 64, 48);
    // 128 rows: scores and exponentials of 48 keys, weighted values of 8 dimensions and those carried on, and for each row
    // largest score, decay and sum, two of them carried on.
    expect(short).toBe(128 * (2 * 48 + 2 * 8 + 5) * 4);
    expect(await scratchOf(mode, 192, 320, 48)).toBe(short);
    expect(await scratchOf(mode, 192, 320, 96)).toBe(short + 128 * 2 * 48 * 4);
  },
);
