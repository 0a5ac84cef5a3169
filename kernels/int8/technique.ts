import { defineTechnique } from '../../bench/technique.ts';
import { gpuInt8 } from './gpu.ts';
import { packInt8, quantizeRows, unpackInt8 } from './pack.ts';
import { tsInt8 } from './ts.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'quantized',
  summary: 'symmetric int8 weights; activations stay f32 or are rounded to int8 row by row (W8A8)',
  source: 'Dettmers et al., LLM.int8(), arXiv 2208.07339, §2 (absmax quantisation)',
  axes: { granularity: ['channel', 'tensor'], activations: ['f32', 'int8'] },
  pack: ({ W }, problem, { granularity }) => packInt8(W, problem, granularity),
  unpack: (packed) => ({ W: unpackInt8(packed) }),
  quantizeActivations: ({ X }, { M, K }, { activations }) => {
    if (activations === 'f32') return undefined;
    const { X: quantized, slack } = quantizeRows(X, M, K);
    return { activations: { X: quantized }, slack: { X: slack } };
  },
  bytes: ({ values, scales }) => ({ values: values.byteLength, indices: 0, scales: scales.byteLength }),
  flops: (_, { M, N, K }) => 2 * M * N * K,
  minSqnrDb: ({ granularity, activations }) => MIN_SQNR_DB[granularity][activations],
  columns: () => ({ bits: 8 }),
  kernels: { ts: tsInt8, gpujs: gpuInt8 },
});

/** About a decibel below the worst of the suites' inputs. */
const MIN_SQNR_DB = { channel: { f32: 29, int8: 26 }, tensor: { f32: 22, int8: 21 } };
