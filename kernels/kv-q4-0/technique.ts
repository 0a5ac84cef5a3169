import { q4Zero } from '../grid/ggml-signed.ts';
import { defineKvCache } from '../kv-cache/format.ts';

export default defineKvCache({
  summary: 'attention over keys and values of 4 bits, an f16 scale for every 32, as in Q4_0',
  source:
    'ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q4_0_ref (--cache-type-k q4_0); QuaRot, arXiv 2404.00456',
  grid: q4Zero,
  minSqnrDb: 9,
});
