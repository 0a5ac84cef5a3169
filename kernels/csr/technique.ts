import { defineTechnique, type ShapeOf } from '../../bench/contract/technique.ts';
import { GROUP, L1_BYTES, rowsOfEachWidth } from '../lane-panels.ts';
import { keepShare } from '../methods/mask.ts';
import { maskMethodOf, maskMethods, prune } from '../methods/prune.ts';
import { gpuCsr } from './gpu.ts';
import { keptAllowanceDb, keptBits, keptValues, keptValuesOf } from './kept-values.ts';
import { type PackedCsr, packCsr, packInt8Csr, unpackCsr } from './pack.ts';
import { MAX_UNITS } from './tiles.gen.ts';
import { tsCsr } from './ts.ts';
import { L2_BYTES, wasmCsr } from './wasm.ts';
import { wgslCsr } from './wgsl.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'sparse',
  summary: 'unstructured pruning, compressed sparse rows',
  source: 'Han et al., Learning both Weights and Connections, arXiv 1506.02626; CSR: Saad, Iterative Methods, §3.4',
  axes: { sparsity: [0.3, 0.5, 0.7, 0.8, 0.9, 0.95] },
  choices: { method: maskMethods, values: keptValues },
  needsCalibration: (params) => maskMethodOf(params) !== 'magnitude',
  pack: ({ W }, problem, { sparsity, ...choices }, calibration): PackedCsr => {
    const pruned = prune(W, problem, keepShare(sparsity), maskMethodOf(choices), calibration);
    return keptValuesOf(choices) === 'int8' ? packInt8Csr(pruned, problem) : packCsr(pruned, problem);
  },
  unpack: (packed, problem) => ({ W: unpackCsr(packed, problem) }),
  bytes: ({ values, colIdx, rowPtr, ...rest }) => ({
    values: values.byteLength,
    indices: colIdx.byteLength + rowPtr.byteLength,
    scales: 'scales' in rest ? rest.scales.byteLength : 0,
  }),
  flops: ({ values }, { M }) => 2 * M * values.length,
  minSqnrDb: ({ sparsity, ...choices }) => MIN_SQNR_DB[maskMethodOf(choices)][sparsity] - keptAllowanceDb(choices),
  irregularAccess: true,
  columns: ({ sparsity, ...choices }) => ({ sparsity, bits: keptBits(choices) }),
  kernels: { ts: tsCsr, wasm: wasmCsr, gpujs: gpuCsr, wgsl: wgslCsr },
  borders: {
    wasm: [
      ...withEachKind(rowsOfEachWidth(MAX_UNITS).map((M) => ({ M }))),
      // A block of 32 rows of X in L1, where weights are dense, and in L2, and one column more.
      ...withEachKind([{ M: 32, N: GROUP + 1, K: L1_BYTES / (4 * 32) + 1 }]),
      { shape: { M: 32, K: L2_BYTES / (4 * 32) + 1 }, params: { sparsity: 0.95 } },
    ],
    // Workgroups of 4, 8 and 16 rows of X by as many rows of W as 64 threads leave, and past two of them along W.
    wgsl: withEachKind([
      { M: 4, N: 33 },
      { M: 8, N: 17 },
      { M: 17, N: 9 },
    ]),
  },
});

/** Shapes for weights that stay f32, and for those that become int8, which are tried with the first sparsity. */
function withEachKind(shapes: readonly Partial<ShapeOf<'matmul'>>[]) {
  const kinds = [{ sparsity: 0.5 } as const, { sparsity: 0.3, values: 'int8' } as const];
  return shapes.flatMap((shape) => kinds.map((params) => ({ shape, params })));
}

/** About a decibel below the worst of the suites' inputs. Methods that look at activations give up weights for outputs. */
const MIN_SQNR_DB = {
  magnitude: { 0.3: 17, 0.5: 10, 0.7: 5.5, 0.8: 4, 0.9: 2, 0.95: 1 },
  wanda: { 0.3: 12, 0.5: 7, 0.7: 4, 0.8: 2.5, 0.9: 1, 0.95: 0 },
  sparsegpt: { 0.3: 12, 0.5: 7, 0.7: 2.5, 0.8: 0.5, 0.9: -1.5, 0.95: -2 },
} as const;
