import { defineGrid } from '../grid/format.ts';
import { SUPER_BLOCK } from '../grid/k-quants.ts';
import { q6K } from '../grid/q6-k.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: "GGUF's Q6_K: 6-bit weights in groups of 16, 8-bit scales in blocks of 256",
  source: 'ggml-org/llama.cpp, ggml/src/ggml-common.h, block_q6_K; ggml-quants.c, quantize_row_q6_K_ref',
  axes: {},
  ...wholeBlocks(SUPER_BLOCK, 'Q8_0'),
  grid: () => q6K,
  gguf: 'Q6_K',
  minSqnrDb: () => 25,
});
