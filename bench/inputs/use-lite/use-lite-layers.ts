// The forward pass of Universal Sentence Encoder lite in float64, following the published tfjs graph node by node: it is
// where the benchmark's real activations and attention inputs come from. Tokens of all sentences lie row under row, and
// only attention looks at the sentence bounds, so no padding is needed.
import { add, attention, layerNorm, normaliseRows } from './float64-layers.ts';
import type { UseLiteConstants } from './use-lite-constants.ts';
import type { UseLiteMatrix } from './use-lite-matrices.ts';

/** Everything the encoder computed that a benchmark can use. All arrays are row-major. */
export interface UseLiteTrace {
  /** [sentences, 512], each row of length 1. */
  readonly embeddings: Float64Array;
  /** Sentence s owns the token rows rowStart[s] ≤ row < rowStart[s + 1]. */
  readonly rowStart: readonly number[];
  /** What is multiplied with each matrix: [tokens, K], or [sentences, K] for `tanh`. */
  readonly inputs: Readonly<Record<UseLiteMatrix, Float64Array>>;
  /** Output of each layer's qkv matrix, bias added: [tokens, 3, heads, headDim]. */
  readonly qkv: readonly [Float64Array, Float64Array];
}

/** Q, K and V of one sentence, each [heads, seqLen, headDim] row-major. */
export interface AttentionInputs {
  readonly heads: number;
  readonly headDim: number;
  readonly Q: Float32Array;
  readonly K: Float32Array;
  readonly V: Float32Array;
}

export const USE_LITE_HEADS = 4;
const EMBEDDING_DIM = 256;
const WIDTH = 512;

/** X [rows, K] · Wᵀ, bias added, [rows, N]. */
export type MultiplyUseLite = (matrix: UseLiteMatrix, X: Float64Array, bias: Float32Array) => Float64Array;

/** Of ids; `multiply` makes the products, which may be those of other matrices in place of the encoder's own. */
export function encodeTokens(
  ids: readonly (readonly number[])[],
  constants: UseLiteConstants,
  multiply: MultiplyUseLite,
): UseLiteTrace {
  const rowStart = [0];
  for (const tokens of ids) rowStart.push(rowStart[rowStart.length - 1] + tokens.length);
  const encoder = {
    constants,
    multiply: (matrix: UseLiteMatrix, X: Float64Array) => multiply(matrix, X, constants.biases[matrix]),
  };

  const x0 = embed(constants, ids);
  const dense = encoder.multiply('dense', x0);
  const layer0 = transformerLayer(encoder, 0, x0, dense, rowStart);
  const layer1 = transformerLayer(encoder, 1, layer0.output, layer0.output, rowStart);
  const pooled = meanOverTokens(layer1.output, rowStart);
  const hidden = encoder.multiply('tanh', pooled).map(Math.tanh);

  return {
    embeddings: normaliseRows(hidden, WIDTH),
    rowStart,
    inputs: {
      'layer0.qkv': layer0.inputs.qkv,
      'layer0.out': layer0.inputs.out,
      'layer0.fc1': layer0.inputs.fc1,
      'layer0.fc2': layer0.inputs.fc2,
      'layer1.qkv': layer1.inputs.qkv,
      'layer1.out': layer1.inputs.out,
      'layer1.fc1': layer1.inputs.fc1,
      'layer1.fc2': layer1.inputs.fc2,
      dense: x0,
      tanh: pooled,
    },
    qkv: [layer0.qkv, layer1.qkv],
  };
}

/** Q, K and V of one sentence's first `seqLen` tokens. Q is as it leaves the matrix, not yet divided by √headDim. */
export function attentionInputs(trace: UseLiteTrace, layer: 0 | 1, sentence: number, seqLen: number): AttentionInputs {
  const qkv = trace.qkv[layer];
  const width = qkv.length / trace.rowStart[trace.rowStart.length - 1] / 3;
  const headDim = width / USE_LITE_HEADS;
  const part = (which: number) => {
    const out = new Float32Array(USE_LITE_HEADS * seqLen * headDim);
    for (let h = 0; h < USE_LITE_HEADS; h++) {
      for (let t = 0; t < seqLen; t++) {
        const from = ((trace.rowStart[sentence] + t) * 3 + which) * width + h * headDim;
        out.set(qkv.subarray(from, from + headDim), (h * seqLen + t) * headDim);
      }
    }
    return out;
  };
  return { heads: USE_LITE_HEADS, headDim, Q: part(0), K: part(1), V: part(2) };
}

// Twice the embedding plus sine and cosine of position × 128 inverse timescales: the graph adds the signal to the
// embedding and the result to the embedding again.
function embed({ embedding, timescales }: UseLiteConstants, ids: readonly (readonly number[])[]): Float64Array {
  const rows = ids.flatMap((tokens) => tokens.map((id, position) => ({ id, position })));
  const x = new Float64Array(rows.length * EMBEDDING_DIM);
  for (const [row, { id, position }] of rows.entries()) {
    for (let i = 0; i < EMBEDDING_DIM; i++) {
      const angle = position * timescales[i % timescales.length];
      const signal = i < timescales.length ? Math.sin(angle) : Math.cos(angle);
      x[row * EMBEDDING_DIM + i] = 2 * embedding[id * EMBEDDING_DIM + i] + signal;
    }
  }
  return x;
}

interface Encoder {
  readonly constants: UseLiteConstants;
  multiply(matrix: UseLiteMatrix, X: Float64Array): Float64Array;
}

// x [tokens, 256 or 512], residual [tokens, 512] → output [tokens, 512]
function transformerLayer(
  { constants, multiply }: Encoder,
  layer: 0 | 1,
  x: Float64Array,
  residual: Float64Array,
  rowStart: readonly number[],
) {
  const norms = constants.norms[layer];
  const normed = layerNorm(x, norms.attention.scale, norms.attention.bias);
  const qkv = multiply(`layer${layer}.qkv`, normed);
  const mixed = attention(qkv, USE_LITE_HEADS, rowStart);
  const middle = add(multiply(`layer${layer}.out`, mixed), residual);
  const normedMiddle = layerNorm(middle, norms.ffn.scale, norms.ffn.bias);
  const relu = multiply(`layer${layer}.fc1`, normedMiddle).map((v) => Math.max(v, 0));
  const output = add(multiply(`layer${layer}.fc2`, relu), middle);
  return { output, qkv, inputs: { qkv: normed, out: mixed, fc1: normedMiddle, fc2: relu } };
}

// X [tokens, 512] → [sentences, 512]; a sentence of no tokens has mean 0.
function meanOverTokens(X: Float64Array, rowStart: readonly number[]): Float64Array {
  const means = new Float64Array((rowStart.length - 1) * WIDTH);
  for (let s = 0; s + 1 < rowStart.length; s++) {
    const count = Math.max(rowStart[s + 1] - rowStart[s], 1);
    for (let i = rowStart[s] * WIDTH; i < rowStart[s + 1] * WIDTH; i++) means[s * WIDTH + (i % WIDTH)] += X[i] / count;
  }
  return means;
}
