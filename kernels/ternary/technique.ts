import { defineGrid } from '../grid/format.ts';
import { ternary } from '../grid/ggml-signed.ts';
import { SUPER_BLOCK } from '../grid/k-quants.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: 'Weights of −1, 0 or 1 in groups of 256, f16 scales: for models trained so, others are expected to collapse',
  source:
    'Ma et al., BitNet b1.58, arXiv 2402.17764; ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_tq2_0_ref',
  axes: { packing: ['2', '1.6'] },
  ...wholeBlocks(SUPER_BLOCK, 'Q4_0'),
  grid: ({ packing }) => ternary(packing === '2' ? 2 : 1.6),
  // Most weights may become 0, and none is farther off than it is from 0, but for the rounding of the scale.
  minSqnrDb: () => -0.1,
});
