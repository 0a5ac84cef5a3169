import { attention } from '../../bench/contract/operations/attention.ts';
import { defineTechnique } from '../../bench/contract/technique.ts';
import { gpuNaiveAttention } from './gpu.ts';
import { jaxNaiveAttention } from './jax.ts';
import type { KeyValues } from './key-values.ts';
import { ortNaiveAttention } from './ort.ts';
import { tfjsNaiveAttention } from './tfjs.ts';
import { MR } from './tiles.gen.ts';
import { tsNaiveAttention } from './ts.ts';
import { BLOCK, wasmNaiveAttention } from './wasm.ts';
import { wgslNaiveAttention } from './wgsl.ts';

export default defineTechnique({
  op: 'attention',
  family: 'attention',
  summary: 'scores of all keys at once, softmax, then the values: the baseline of every attention',
  source: 'Vaswani et al., Attention Is All You Need, arXiv 1706.03762, §3.2.1',
  axes: {},
  pack: ({ K, V }): KeyValues => ({ K: K.slice(), V: V.slice() }),
  unpack: ({ K, V }) => ({ K, V }),
  bytes: ({ K, V }) => ({ values: K.byteLength + V.byteLength, indices: 0, scales: 0 }),
  flops: (_, problem) => attention.denseFlops(problem),
  // Not compressed: only the rounding of f32 arithmetic is left.
  minSqnrDb: () => 110,
  columns: () => ({ bits: 32 }),
  kernels: {
    ts: tsNaiveAttention,
    wasm: wasmNaiveAttention,
    gpujs: gpuNaiveAttention,
    wgsl: wgslNaiveAttention,
    ort: ortNaiveAttention,
    tfjs: tfjsNaiveAttention,
    jax: jaxNaiveAttention,
  },
  borders: {
    wasm: [
      // A last panel of one key, of two, and so on, and one of as many dimensions as are left of six.
      ...[1, 2, 3, 4, 5].map((rest) => ({ shape: { seqLen: MR + rest, headDim: 2 * MR - rest } })),
      { shape: { seqLen: BLOCK + 1 } },
    ],
  },
});
