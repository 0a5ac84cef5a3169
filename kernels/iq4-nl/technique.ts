import { defineGrid } from '../grid/format.ts';
import { iq4Nl } from '../grid/iq4-nl.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

export default defineGrid({
  summary: "GGUF's IQ4_NL: 16 levels that lie denser about zero, groups of 32, f16 scales",
  source: 'ggml-org/llama.cpp, ggml/src/ggml-common.h, block_iq4_nl; ggml-quants.c, quantize_row_iq4_nl_impl',
  axes: {},
  ...wholeBlocks(32),
  grid: () => iq4Nl,
  gguf: 'IQ4_NL',
  minSqnrDb: () => 15,
});
