import { defineGrid } from '../grid/format.ts';
import { kQuants, SUPER_BLOCK } from '../grid/k-quants.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: "GGUF's Q5_K: 5-bit weights in groups of 32, 6-bit scales and minima in blocks of 256",
  source: 'ggml-org/llama.cpp, ggml/src/ggml-common.h, block_q5_K; ggml-quants.c, quantize_row_q5_K_ref',
  axes: {},
  ...wholeBlocks(SUPER_BLOCK, 'Q5_1'),
  grid: () => kQuants(5),
  gguf: 'Q5_K',
  minSqnrDb: () => 20,
});
