import { defineGrid } from '../grid/format.ts';
import { q8Zero } from '../grid/ggml-signed.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: "GGUF's Q8_0: 8-bit weights in groups of 32, f16 scales",
  source: 'ggml-org/llama.cpp, ggml/src/ggml-common.h, block_q8_0; ggml-quants.c, quantize_row_q8_0_ref',
  axes: {},
  ...wholeBlocks(32),
  grid: () => q8Zero,
  gguf: 'Q8_0',
  minSqnrDb: () => 35,
});
