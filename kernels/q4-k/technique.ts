import { defineGrid } from '../grid/format.ts';
import { kQuants, SUPER_BLOCK } from '../grid/k-quants.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: "GGUF's Q4_K: 4-bit weights in groups of 32, 6-bit scales and minima in blocks of 256",
  source: 'ggml-org/llama.cpp, ggml/src/ggml-common.h, block_q4_K; ggml-quants.c, quantize_row_q4_K_ref',
  axes: {},
  ...wholeBlocks(SUPER_BLOCK, 'Q5_0'),
  grid: () => kQuants(4),
  gguf: 'Q4_K',
  minSqnrDb: () => 15,
});
