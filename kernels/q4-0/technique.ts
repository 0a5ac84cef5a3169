import { defineGrid } from '../grid/format.ts';
import { q4Zero } from '../grid/ggml-signed.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: "GGUF's Q4_0: 4-bit weights in groups of 32, f16 scales",
  source: 'ggml-org/llama.cpp, ggml/src/ggml-common.h, block_q4_0; ggml-quants.c, quantize_row_q4_0_impl',
  axes: {},
  ...wholeBlocks(32),
  grid: () => q4Zero,
  gguf: 'Q4_0',
  minSqnrDb: () => 14,
});
