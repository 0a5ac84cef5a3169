// Rotary embeddings turn a head's dimensions in pairs. Hugging Face pairs dimension i with i + headDim/2; GGUF's architecture
// `llama` pairs 2i with 2i + 1, and its rows of queries' and keys' weights lie in that order.
// Source: ggml-org/llama.cpp, conversion/llama.py, LlamaModel.permute.
import type { ModelConfig } from '../../contract/model.ts';

/** Of a tensor whose rows are queries' or keys' dimensions in adjacent pairs; undefined of all others. */
export function headsInPairs(name: string, config: ModelConfig): number | undefined {
  if (config.architecture !== 'llama') return undefined;
  if (/\.self_attn\.q_proj\.(weight|bias)$/.test(name)) return config.heads;
  return /\.self_attn\.k_proj\.(weight|bias)$/.test(name) ? config.keyValueHeads : undefined;
}

/** Rows from adjacent pairs to halves. */
export function toHalves(values: Float32Array, heads: number, headDim: number): Float32Array {
  const half = headDim / 2;
  return moveRows(values, heads, headDim, (row) => 2 * (row % half) + Math.floor(row / half));
}

/** And back. */
export function toPairs(values: Float32Array, heads: number, headDim: number): Float32Array {
  const half = headDim / 2;
  return moveRows(values, heads, headDim, (row) => half * (row % 2) + Math.floor(row / 2));
}

/** values [heads, headDim, …]; `from` says which row of a head comes to stand at a row. */
function moveRows(values: Float32Array, heads: number, headDim: number, from: (row: number) => number): Float32Array {
  const K = values.length / (heads * headDim);
  const moved = new Float32Array(values.length);
  for (let h = 0; h < heads; h++) {
    for (let row = 0; row < headDim; row++) {
      const begin = (h * headDim + from(row)) * K;
      moved.set(values.subarray(begin, begin + K), (h * headDim + row) * K);
    }
  }
  return moved;
}
