import { expect, test } from 'vitest';
import { openGpu } from '../bench/backends/gpujs.ts';
import { openWasm } from '../bench/backends/wasm.ts';
import type { AttentionProblem } from '../bench/contract/problem.ts';
import type { KernelKind, Runtimes } from '../bench/contract/runtimes/runtimes.ts';
import type { Technique } from '../bench/contract/technique.ts';
import naiveAttention from './naive-attention/technique.ts';
import tiledAttention from './tiled-attention/technique.ts';

interface Scratch {
  readonly technique: Technique;
  readonly kind: KernelKind;
  readonly runtime: Runtimes[KernelKind];
  readonly M: number;
  readonly seqLen: number;
  readonly tileSize: number;
}

/** Of two heads of 8 dimensions. */
async function scratchOf({ technique, kind, runtime, M, seqLen, tileSize }: Scratch): Promise<number | undefined> {
  const [heads, headDim] = [2, 8];
  const shape = { M, seqLen, heads, headDim, causal: false };
  const problem: AttentionProblem = { op: 'attention', ...shape, weights: 'test', seed: 0 };
  const packed = { K: new Float32Array(heads * seqLen * headDim), V: new Float32Array(heads * seqLen * headDim) };
  const kernel = await technique.kernels[kind]!({ packed, problem, params: { tileSize }, runtime });
  kernel.dispose();
  return kernel.workspaceBytes;
}

test.each(['cpu', 'webasm'] as const)(
  'in gpu.js %s scratch of the tiled one is bounded by the tile, however many queries and keys',
  async (mode) => {
    const runtime = await openGpu(mode);
    const tiled = { technique: tiledAttention, kind: 'gpujs', runtime } as const;
    const short = await scratchOf({ ...tiled, M: 64, seqLen: 64, tileSize: 48 });
    // 128 rows: scores and exponentials of 48 keys, weighted values of 8 dimensions and those carried on, and for each row
    // largest score, decay and sum, two of them carried on.
    expect(short).toBe(128 * (2 * 48 + 2 * 8 + 5) * 4);
    expect(await scratchOf({ ...tiled, M: 192, seqLen: 320, tileSize: 48 })).toBe(short);
    expect(await scratchOf({ ...tiled, M: 192, seqLen: 320, tileSize: 96 })).toBe(short! + 128 * 2 * 48 * 4);
    await runtime.close();
  },
);

test('in TypeScript the naive one keeps the scores of a head, the tiled one those of four queries and a tile', async () => {
  const common = { kind: 'ts', runtime: undefined, M: 62, seqLen: 100, tileSize: 48 } as const;
  // Scores in f32; in f64 a sum for each of 64 rows, and weighted values of four rows.
  const naive = 64 * 100 * 4 + 64 * 8 + 4 * 8 * 8;
  expect(await scratchOf({ ...common, technique: naiveAttention })).toBe(naive);
  // Scores in f32; in f64 a largest score, a sum and weighted values of each of four rows.
  const tiled = 4 * 48 * 4 + 4 * 8 + 4 * 8 + 4 * 8 * 8;
  expect(await scratchOf({ ...common, technique: tiledAttention })).toBe(tiled);
});

test('in WebAssembly each thread keeps scores of eight queries, with all keys or with a tile', async () => {
  const runtime = await openWasm(128, 1);
  const common = { kind: 'wasm', runtime, M: 62, seqLen: 100, tileSize: 48 } as const;
  // Eight constants; four numbers a query, queries and weighted values of 8 dimensions, scores; up to a cache line.
  const naive = Math.ceil((32 + 4 * 8 * (4 + 2 * 8 + 100)) / 64) * 64;
  expect(await scratchOf({ ...common, technique: naiveAttention })).toBe(naive);
  // Eight constants; a number a query, scores; for each of eight panels of queries three numbers a query, queries and weighted values.
  const tiled = Math.ceil((32 + 4 * 8 * (1 + 48) + 8 * 4 * 8 * (3 + 2 * 8)) / 64) * 64;
  expect(await scratchOf({ ...common, technique: tiledAttention })).toBe(tiled);
});

test('in WebAssembly the naive one keeps the scores of the only query of all heads', async () => {
  const runtime = await openWasm(128, 1);
  // K filled up to 104 keys; scores of as many; constants and two numbers for each of eight lanes.
  const scratch = 2 * 4 * 8 * 4 + 2 * 104 * 4 + 2 * (32 + 4 * 2 * 8);
  expect(await scratchOf({ technique: naiveAttention, kind: 'wasm', runtime, M: 1, seqLen: 100, tileSize: 48 })).toBe(
    scratch,
  );
});
