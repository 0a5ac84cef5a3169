import { mlp } from '../../bench/contract/operations/mlp.ts';
import { defineTechnique } from '../../bench/contract/technique.ts';
import { borders } from '../mlp/borders.ts';
import { denseMlp, totalBytes } from '../mlp/weights.ts';
import { keptBy, packSkipping, type SkippingWeights, skips } from './pack.ts';
import { tsSkipZeros } from './ts.ts';
import { wasmSkipZeros } from './wasm.ts';

const NO_LISTS =
  'lists of what is kept are made anew in each call, of a length that threads of a GPU do not know beforehand';

export default defineTechnique({
  op: 'mlp',
  family: 'sparse',
  summary: 'the second product leaves out the weights of hidden values that are 0, or below a threshold',
  source: 'Liu et al., Deja Vu, arXiv 2310.17157; Liu et al., Training-Free Activation Sparsity, arXiv 2408.14690',
  axes: { skip: skips },
  choices: { which: ['smallest', 'random'] },
  skip({ hidden }, { skip, ...choices }) {
    if (hidden > 2 ** 16) return `hidden: may be 65536 here, got ${hidden}`;
    return skip === 'none' && isRandom(choices) ? 'which: is of what is skipped, got none' : undefined;
  },
  needsCalibration: ({ skip, ...choices }) => typeof skip === 'number' || isRandom(choices),
  pack: (weights, problem, params, calibration): SkippingWeights => packSkipping(weights, problem, params, calibration),
  unpack: (packed) => ({ W1: packed.W1, b1: packed.b1, W2: packed.W2, kept: keptBy(packed) }),
  bytes: (packed) => ({
    values: totalBytes(packed),
    indices: packed.mask?.byteLength ?? 0,
    scales: packed.threshold.byteLength,
  }),
  // What is left out hangs on the activations: kernels count it.
  flops: (_, problem) => mlp.denseFlops(problem),
  minSqnrDb: ({ skip, ...choices }) => (isRandom(choices) ? -3 : MIN_SQNR_DB[skip]),
  irregularAccess: true,
  columns: denseMlp.columns,
  kernels: { ts: tsSkipZeros, wasm: wasmSkipZeros },
  missing: { gpujs: NO_LISTS, wgsl: NO_LISTS },
  borders: { wasm: [...borders.wasm, { shape: { M: 2, N: 65 } }] },
});

function isRandom(choices: object): boolean {
  return 'which' in choices && choices.which === 'random';
}

const MIN_SQNR_DB = { zeros: 110, none: 110, 0.95: 15, 0.98: 4 };
