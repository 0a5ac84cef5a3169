import { defineGrid } from '../grid/format.ts';
import { MX_BLOCK, microscaling } from '../grid/microscaling.ts';
import { e2m1 } from '../grid/small-floats.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

const { skip, borders } = wholeBlocks(MX_BLOCK);

/**
 * Ties go to the even code, as OCP says. ggml takes the first code, the one nearer to zero: it differs at 0.75, 1.75 and 3.5
 * times the scale.
 */
export default defineGrid({
  summary: 'MXFP4: blocks of 32 E2M1 floats, a power of two for each; ties to even as in OCP (ggml: first code)',
  source: 'OCP Microscaling Formats (MX) Specification 1.0, §6.3; Rouhani et al., arXiv 2310.10537',
  axes: {},
  skip,
  grid: () => microscaling(e2m1),
  minSqnrDb: () => 12,
  borders,
});
