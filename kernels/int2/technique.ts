import { defineGrid } from '../grid/format.ts';
import { signedGroups } from '../grid/signed-groups.ts';

export default defineGrid({
  summary: '2-bit weights in groups along K, four to a byte, f16 scales',
  source: 'Frantar et al., GPTQ, arXiv 2210.17323, §4; round to nearest in groups',
  axes: { groupSize: [32, 64, 128] },
  choices: { zero: ['none', 'f16'] },
  grid: ({ groupSize, ...choices }) => signedGroups(2, groupSize, choices),
  minSqnrDb: ({ groupSize }) => ({ 32: 2, 64: 1.5, 128: 1 })[groupSize],
});
