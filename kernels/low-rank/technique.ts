import { defineTechnique } from '../../bench/contract/technique.ts';
import { productOf } from '../corrections/low-rank.ts';
import { KC, MC, MR } from '../dense/blocks.ts';
import { LANES } from '../dense/wgsl-matmul.ts';
import { gpuLowRank } from './gpu.ts';
import { lowRankBytes, packLowRank, rankOf, rankSkip } from './pack.ts';
import { tsLowRank } from './ts.ts';
import { wasmLowRank } from './wasm.ts';
import { wgslLowRank } from './wgsl.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'low-rank',
  summary: 'truncated SVD, two thin factors in place of the weights',
  source: 'Eckart and Young, 1936; whitened: Wang et al., SVD-LLM, arXiv 2403.07378',
  // What both factors take of the uncompressed bytes: the same rank would be much for one layer and little for another.
  axes: { share: [0.25, 0.5] },
  choices: { whitened: ['no', 'yes'] },
  skip: (problem, { share }) => rankSkip(rankOf(share, problem), problem),
  needsCalibration: isWhitened,
  pack: ({ W }, problem, { share, ...choices }, calibration) =>
    packLowRank(W, problem, rankOf(share, problem), isWhitened(choices), calibration),
  unpack: (packed, problem) => ({ W: productOf(packed, problem) }),
  bytes: (packed) => ({ values: lowRankBytes(packed), indices: 0, scales: 0 }),
  flops: ({ down, up }, { M }) => 2 * M * (down.length + up.length),
  // Weights as they are trained are hardly of low rank. Whitening gives up weights for outputs.
  minSqnrDb: (params) => (isWhitened(params) ? 0 : 0.5),
  columns: () => ({ bits: 32 }),
  kernels: { ts: tsLowRank, wasm: wasmLowRank, gpujs: gpuLowRank, wgsl: wgslLowRank },
  borders: {
    // Those of the dense product, as far as small factors come to them.
    wasm: [{ shape: { M: MC + 4, N: 9, K: KC + 1 } }, { shape: { M: MR + 1, N: 20, K: 30 } }],
    wgsl: [{ shape: { M: 4, N: 2 * 4 * LANES + 1, K: 20 } }, { shape: { M: 5, N: 2 * 8 * LANES + 1, K: 20 } }],
  },
});

function isWhitened(params: object): boolean {
  return 'whitened' in params && params.whitened === 'yes';
}
