import { BYTE_KC, KC, MC } from '../grid/blocks.ts';
import { defineGrid } from '../grid/format.ts';
import { signedGroups } from '../grid/signed-groups.ts';
import { gpuInt4 } from './gpu.ts';
import { ortInt4 } from './ort.ts';
import { wgslInt4 } from './wgsl.ts';

export default defineGrid({
  summary: '4-bit weights in groups along K, two to a byte, f16 scales',
  source: "ggml's Q4_0, github.com/ggml-org/ggml, with the group size as an axis",
  axes: { groupSize: [32, 64, 128] },
  choices: { zero: ['none', 'f16'] },
  grid: ({ groupSize, ...choices }) => signedGroups(4, groupSize, choices),
  // 3 dB below the worst of the suites' inputs: other seeds move the synthetic ones by up to 2.5 dB.
  minSqnrDb: ({ groupSize }) => ({ 32: 15.5, 64: 14, 128: 12 })[groupSize],
  plainKernels: { gpujs: gpuInt4, wgsl: wgslInt4, ort: ortInt4 },
  borders: {
    wasm: [
      { shape: { M: MC + 1, K: KC + 1 } },
      // Into tiles of one row and of four.
      { shape: { M: MC + 1, K: BYTE_KC + 1 }, params: { activations: 'int8' } },
      { shape: { M: MC + 4, K: BYTE_KC + 1 }, params: { activations: 'int8-32' } },
    ],
  },
});
