import { KC, MC } from '../grid/blocks.ts';
import { defineGrid } from '../grid/format.ts';
import { signedGroups } from '../grid/signed-groups.ts';

export default defineGrid({
  summary: '3-bit weights in groups along K, f16 scales',
  source: 'Frantar et al., GPTQ, arXiv 2210.17323, §4; round to nearest in groups',
  axes: { groupSize: [32, 64, 128] },
  choices: { zero: ['none', 'f16'] },
  grid: ({ groupSize, ...choices }) => signedGroups(3, groupSize, choices),
  minSqnrDb: ({ groupSize }) => ({ 32: 8, 64: 7, 128: 6 })[groupSize],
  borders: { wasm: [{ shape: { M: MC + 1, K: KC + 1 } }] },
});
