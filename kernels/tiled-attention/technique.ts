import { attention } from '../../bench/contract/operations/attention.ts';
import { defineTechnique } from '../../bench/contract/technique.ts';
import type { KeyValues } from '../naive-attention/key-values.ts';
import { gpuTiledAttention } from './gpu.ts';
import { tsTiledAttention } from './ts.ts';
import { wasmTiledAttention } from './wasm.ts';
import { wgslTiledAttention } from './wgsl.ts';

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
});
