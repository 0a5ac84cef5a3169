import { defineTechnique } from '../../bench/contract/technique.ts';
import { keptAllowanceDb, keptBits, keptValues, keptValuesOf } from '../csr/kept-values.ts';
import { GROUP, L1_BYTES, rowsOfEachWidth } from '../lane-panels.ts';
import { keepTwoOfFour } from '../methods/mask.ts';
import { maskMethodOf, maskMethods, prune } from '../methods/prune.ts';
import { gpuSparse24 } from './gpu.ts';
import { type PackedSparse24, packInt8Sparse24, packSparse24, unpackSparse24 } from './pack.ts';
import { MAX_UNITS } from './tiles.gen.ts';
import { tsSparse24 } from './ts.ts';
import { wasmSparse24 } from './wasm.ts';
import { wgslSparse24 } from './wgsl.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'sparse',
  summary: '2 of 4 weights kept, values and 2-bit indices packed',
  source: 'Mishra et al., Accelerating Sparse Deep Neural Networks, arXiv 2104.08378',
  axes: {},
  choices: { method: maskMethods, values: keptValues },
  needsCalibration: (params) => maskMethodOf(params) !== 'magnitude',
  pack: ({ W }, problem, params, calibration): PackedSparse24 => {
    const pruned = prune(W, problem, keepTwoOfFour, maskMethodOf(params), calibration);
    return keptValuesOf(params) === 'int8' ? packInt8Sparse24(pruned, problem) : packSparse24(pruned, problem);
  },
  unpack: (packed, problem) => ({ W: unpackSparse24(packed, problem) }),
  bytes: ({ values, indices, ...rest }) => ({
    values: values.byteLength,
    indices: indices.byteLength,
    scales: 'scales' in rest ? rest.scales.byteLength : 0,
  }),
  flops: ({ values }, { M }) => 2 * M * values.length,
  minSqnrDb: (params) => MIN_SQNR_DB[maskMethodOf(params)] - keptAllowanceDb(params),
  columns: (params) => ({ sparsity: 0.5, bits: keptBits(params) }),
  kernels: { ts: tsSparse24, wasm: wasmSparse24, gpujs: gpuSparse24, wgsl: wgslSparse24 },
  borders: {
    wasm: [
      ...rowsOfEachWidth(MAX_UNITS).map((M) => ({ shape: { M } })),
      // A block of 32 rows of X in L1, and one column more.
      { shape: { M: 32, N: GROUP + 1, K: L1_BYTES / (4 * 32) + 1 } },
    ],
  },
});

/** About a decibel below the worst of the suites' inputs. Methods that look at activations give up weights for outputs. */
const MIN_SQNR_DB = { magnitude: 6.5, wanda: 5.5, sparsegpt: 4 };
