import { defineTechnique } from '../../bench/contract/technique.ts';
import { KC, MC, MR } from './blocks.ts';
import { gpuDense } from './gpu.ts';
import { jaxDense } from './jax.ts';
import { ortDense } from './ort.ts';
import { tfjsDense } from './tfjs.ts';
import { tsDense } from './ts.ts';
import { wasmDense } from './wasm.ts';
import type { DenseWeights } from './weights.ts';
import { wgslDense } from './wgsl.ts';
import { LANES } from './wgsl-matmul.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'dense',
  summary: 'uncompressed f32 weights, the baseline of every matmul',
  source: 'Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008',
  axes: {},
  pack: ({ W }): DenseWeights => ({ values: W }),
  unpack: ({ values }) => ({ W: values }),
  bytes: ({ values }) => ({ values: values.byteLength, indices: 0, scales: 0 }),
  flops: (_, { M, N, K }) => 2 * M * N * K,
  // Not compressed: what is left is the rounding of f32 arithmetic, 2⁻²⁴ (144 dB) less what accumulation adds.
  minSqnrDb: () => 110,
  gguf: {
    type: 'F32',
    encode: ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  },
  columns: () => ({ bits: 32, sparsity: 0 }),
  kernels: {
    ts: tsDense,
    wasm: wasmDense,
    gpujs: gpuDense,
    wgsl: wgslDense,
    ort: ortDense,
    tfjs: tfjsDense,
    jax: jaxDense,
  },
  borders: {
    wasm: [{ shape: { M: MC + 4, K: KC + 1 } }, { shape: { M: MR + 1 } }],
    // Tiles of 4×4, of 8×4 and of 8×8 outputs a thread, and a third workgroup beside two whole ones.
    wgsl: [
      { shape: { M: 4, N: 2 * 4 * LANES + 1 } },
      { shape: { M: 5, N: LANES + 1 } },
      { shape: { M: 5, N: 2 * 8 * LANES + 1 } },
    ],
  },
});
