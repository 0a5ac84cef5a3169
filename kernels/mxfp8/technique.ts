import { defineGrid } from '../grid/format.ts';
import { MX_BLOCK, microscaling } from '../grid/microscaling.ts';
import { e4m3, e5m2 } from '../grid/small-floats.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

const { skip, borders } = wholeBlocks(MX_BLOCK);

export default defineGrid({
  summary: 'MXFP8: blocks of 32 E4M3 or E5M2 floats, a power of two for each; ties to even as in OCP',
  source: 'OCP Microscaling Formats (MX) Specification 1.0, §6.3; Rouhani et al., arXiv 2310.10537',
  axes: { element: ['e4m3', 'e5m2'] },
  skip,
  grid: ({ element }) => microscaling({ e4m3, e5m2 }[element]),
  minSqnrDb: ({ element }) => ({ e4m3: 25, e5m2: 20 })[element],
  borders,
});
