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
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return new Float32Array(moveRows(bytes, heads, headDim, (row) => 2 * (row % half) + Math.floor(row / half)).buffer);
}

/** And back; rows of any type's bytes, since blocks of weights don't reach beyond a row. */
export function toPairs(rows: Uint8Array, heads: number, headDim: number): Uint8Array {
  const half = headDim / 2;
  return moveRows(rows, heads, headDim, (row) => half * (row % 2) + Math.floor(row / 2));
}

/** rows [heads, headDim, bytes of a row]; `from` says which row of a head comes to stand at a row. */
function moveRows(rows: Uint8Array, heads: number, headDim: number, from: (row: number) => number) {
  const rowBytes = rows.length / (heads * headDim);
  const moved = new Uint8Array(rows.length);
  for (let h = 0; h < heads; h++) {
    for (let row = 0; row < headDim; row++) {
      const begin = (h * headDim + from(row)) * rowBytes;
      moved.set(rows.subarray(begin, begin + rowBytes), (h * headDim + row) * rowBytes);
    }
  }
  return moved;
}
