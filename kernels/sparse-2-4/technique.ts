import { defineTechnique } from '../../bench/contract/technique.ts';
import { GROUP, L1_BYTES, rowsOfEachWidth } from '../lane-panels.ts';
import { gpuSparse24 } from './gpu.ts';
import { packSparse24, unpackSparse24 } from './pack.ts';
import { MAX_UNITS } from './tiles.gen.ts';
import { tsSparse24 } from './ts.ts';
import { wasmSparse24 } from './wasm.ts';
import { wgslSparse24 } from './wgsl.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'sparse',
  summary: '2 of 4 weights kept by magnitude, values and 2-bit indices packed',
  source: 'Mishra et al., Accelerating Sparse Deep Neural Networks, arXiv 2104.08378',
  axes: {},
  pack: ({ W }, problem) => packSparse24(W, problem),
  unpack: (packed, problem) => ({ W: unpackSparse24(packed, problem) }),
  bytes: ({ values, indices }) => ({ values: values.byteLength, indices: indices.byteLength, scales: 0 }),
  flops: ({ values }, { M }) => 2 * M * values.length,
  // About a decibel below the worst of the suites' inputs.
  minSqnrDb: () => 6.5,
  columns: () => ({ sparsity: 0.5, bits: 32 }),
  kernels: { ts: tsSparse24, wasm: wasmSparse24, gpujs: gpuSparse24, wgsl: wgslSparse24 },
  borders: {
    wasm: [
      ...rowsOfEachWidth(MAX_UNITS).map((M) => ({ shape: { M } })),
      // A block of 32 rows of X in L1, and one column more.
      { shape: { M: 32, N: GROUP + 1, K: L1_BYTES / (4 * 32) + 1 } },
    ],
  },
});
