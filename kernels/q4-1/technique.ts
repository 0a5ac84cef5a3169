import { defineGrid } from '../grid/format.ts';
import { q4One } from '../grid/q4-1.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: "GGUF's Q4_1: 4-bit weights in groups of 32, f16 scales and minima",
  source: 'ggml-org/llama.cpp, ggml/src/ggml-common.h, block_q4_1; ggml-quants.c, quantize_row_q4_1_impl',
  axes: {},
  ...wholeBlocks(32),
  grid: () => q4One,
  gguf: 'Q4_1',
  minSqnrDb: () => 15,
});
