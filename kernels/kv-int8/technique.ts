import { q8Zero } from '../grid/ggml-signed.ts';
import { defineKvCache } from '../kv-cache/format.ts';

export default defineKvCache({
  summary: 'attention over keys and values of 8 bits, an f16 scale for every 32, as in Q8_0',
  source:
    'ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q8_0_ref (--cache-type-k q8_0); QuaRot, arXiv 2404.00456',
  grid: q8Zero,
  minSqnrDb: 30,
});
