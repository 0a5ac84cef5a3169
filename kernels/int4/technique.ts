import { defineTechnique } from '../../bench/contract/technique.ts';
import { KC, MC } from './blocks.ts';
import { gpuInt4 } from './gpu.ts';
import { ortInt4 } from './ort.ts';
import { packInt4, unpackInt4, whatScalesLost } from './pack.ts';
import { tsInt4 } from './ts.ts';
import { wasmInt4 } from './wasm.ts';
import { wgslInt4 } from './wgsl.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'quantized',
  summary: 'symmetric int4 weights in groups along K, two to a byte, f16 scales',
  source: "ggml's Q4_0, github.com/ggml-org/ggml, with the group size as an axis",
  axes: { groupSize: [32, 64, 128] },
  pack: ({ W }, problem, { groupSize }) => packInt4(W, problem, groupSize),
  unpack: (packed, problem, { groupSize }) => ({ W: unpackInt4(packed, problem, groupSize) }),
  caveat: ({ W }, { scales }, { K }, { groupSize }) => whatScalesLost(W, scales, K, groupSize),
  bytes: ({ values, scales }) => ({ values: values.byteLength, indices: 0, scales: scales.byteLength }),
  flops: (_, { M, N, K }) => 2 * M * N * K,
  minSqnrDb: ({ groupSize }) => MIN_SQNR_DB[groupSize],
  columns: ({ groupSize }) => ({ bits: 4, group_size: groupSize }),
  kernels: { ts: tsInt4, wasm: wasmInt4, gpujs: gpuInt4, wgsl: wgslInt4, ort: ortInt4 },
  borders: { wasm: [{ shape: { M: MC + 1, K: KC + 1 } }] },
});

/** 3 dB below the worst of the suites' inputs: other seeds move the synthetic ones by up to 2.5 dB. */
const MIN_SQNR_DB = { 32: 15.5, 64: 14, 128: 12 };
