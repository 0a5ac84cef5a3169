import { attention } from '../../bench/contract/operations/attention.ts';
import { defineTechnique } from '../../bench/contract/technique.ts';
import type { KeyValues } from '../naive-attention/key-values.ts';
import { gpuTiledAttention, MAX_TILE_ROWS } from './gpu.ts';
import { tsTiledAttention } from './ts.ts';
import { MAX_PARTS, PART_KEYS, SCRATCH_BYTES, wasmTiledAttention } from './wasm.ts';
import { MOST_SHARES, THREADS, wgslTiledAttention } from './wgsl.ts';

export default defineTechnique({
  op: 'attention',
  family: 'attention',
  summary: 'online softmax over tiles of keys: scratch bounded by the tile, causal tiles skipped',
  source: 'Dao et al., FlashAttention, arXiv 2205.14135, algorithm 1',
  // Keys; multiples of 48, because the wasm kernels take panels of 6, 8 and 16 keys.
  axes: { tileSize: [48, 96] },
  pack: ({ K, V }): KeyValues => ({ K: K.slice(), V: V.slice() }),
  unpack: ({ K, V }) => ({ K, V }),
  bytes: ({ K, V }) => ({ values: K.byteLength + V.byteLength, indices: 0, scales: 0 }),
  flops: (_, problem) => attention.denseFlops(problem),
  // Not compressed: only the rounding of f32 arithmetic is left.
  minSqnrDb: () => 110,
  columns: () => ({ bits: 32 }),
  kernels: { ts: tsTiledAttention, wasm: wasmTiledAttention, gpujs: gpuTiledAttention, wgsl: wgslTiledAttention },
  borders: {
    wasm: [
      // Two panels of eight queries with their sums, of headDim each, nearly fill the scratch; the rest is a second group.
      { shape: { M: 25, seqLen: 50, headDim: Math.floor(SCRATCH_BYTES / 176) } },
      { shape: { M: 1, seqLen: 2 * PART_KEYS + 1 } },
      { shape: { M: 1, seqLen: MAX_PARTS * PART_KEYS + 1 } },
    ],
    gpujs: [{ shape: { M: MAX_TILE_ROWS.gpu / 2 + 1, heads: 2, seqLen: 49 }, params: { tileSize: 48 } }],
    wgsl: [
      // With four queries a workgroup has 16 threads for the dimensions of each, with one 64; a thread takes four at a time.
      { shape: { M: 5, headDim: THREADS + 1 }, params: { tileSize: 48 } },
      { shape: { M: 1, seqLen: 49, headDim: 4 * THREADS + 1 }, params: { tileSize: 48 } },
      { shape: { M: 1, seqLen: 48 * MOST_SHARES + 1 }, params: { tileSize: 48 } },
    ],
  },
});
