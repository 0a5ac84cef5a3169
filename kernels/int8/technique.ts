import { defineTechnique } from '../../bench/contract/technique.ts';
import { MR } from '../dense/blocks.ts';
import { PAIR_KC, PAIR_MC } from './blocks.ts';
import { gpuInt8 } from './gpu.ts';
import { ortInt8 } from './ort.ts';
import { packInt8, quantizeRows, unpackInt8 } from './pack.ts';
import { tsInt8 } from './ts.ts';
import { wasmInt8 } from './wasm.ts';
import { wgslInt8 } from './wgsl.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'quantized',
  summary: 'symmetric int8 weights; activations stay f32 or are rounded to int8 row by row (W8A8)',
  source: 'Dettmers et al., LLM.int8(), arXiv 2208.07339, §2 (absmax quantisation)',
  axes: { granularity: ['channel', 'tensor'], activations: ['f32', 'int8'] },
  skip: ({ K }, { activations }) =>
    activations === 'int8' && K > MAX_K
      ? `sums of int8 products fit 32 bits for K up to ${MAX_K}, got ${K}`
      : undefined,
  unstored: ['activations'],
  pack: ({ W }, problem, { granularity }) => packInt8(W, problem, granularity),
  unpack: (packed) => ({ W: unpackInt8(packed) }),
  quantizeActivations: ({ X }, { M, K }, { activations }) => {
    if (activations === 'f32') return undefined;
    const { X: quantized, slack } = quantizeRows(X, M, K);
    return { activations: { X: quantized }, slack: { X: slack } };
  },
  bytes: ({ values, scales }) => ({ values: values.byteLength, indices: 0, scales: scales.byteLength }),
  flops: (_, { M, N, K }) => 2 * M * N * K,
  arithmetic: ({ activations }) => (activations === 'int8' ? 'int8' : 'f32'),
  minSqnrDb: ({ granularity, activations }) => MIN_SQNR_DB[granularity][activations],
  columns: () => ({ bits: 8 }),
  kernels: { ts: tsInt8, wasm: wasmInt8, gpujs: gpuInt8, wgsl: wgslInt8, ort: ortInt8 },
  // Past the blocks of 16-bit activations, which are larger than those of f32, into tiles of four rows of either and of one.
  borders: { wasm: [{ shape: { M: PAIR_MC + 4, K: PAIR_KC + 1 } }, { shape: { M: MR + 1 } }] },
});

/** So many products of 127 · 127 fit a signed sum of 32 bits. */
const MAX_K = Math.floor((2 ** 31 - 1) / 127 ** 2);

/** 3 to 6 dB below the worst of the suites' inputs: other seeds move the synthetic ones by so much. */
const MIN_SQNR_DB = { channel: { f32: 27, int8: 21 }, tensor: { f32: 20, int8: 18 } };
