// Universal Sentence Encoder lite in f32 for calls of a fixed size, its ten products left to whoever makes them. It says the same
// as bench/inputs/use-lite/use-lite-layers.ts, which reads more easily and is its oracle.
import type { ClassifyActivations } from '../../contract/problem.ts';
import { LAYER_NORM_EPSILON } from '../../inputs/use-lite/float64-layers.ts';
import type { LayerNorms, UseLiteConstants } from '../../inputs/use-lite/use-lite-constants.ts';
import { USE_LITE_HEADS } from '../../inputs/use-lite/use-lite-layers.ts';
import { MATRICES } from '../../inputs/use-lite/use-lite-matrices.ts';
import type { Multiply } from '../classify/classifier.ts';
import { addBias, addResidual, attention, layerNorm, rectify } from '../classify/float32-layers.ts';

const EMBEDDING_DIM = 256;
export const WIDTH = 512;
const FFN_WIDTH = 1536;

/** Embeddings [sentences, WIDTH] of token ids [rows], each of length 1; a view that the next call overwrites. */
export function composeEncoder(
  M: number,
  sentences: number,
  { embedding, timescales, biases, norms }: UseLiteConstants,
  multiply: Multiply,
): (batch: ClassifyActivations) => Float32Array {
  const x0 = new Float32Array(M * EMBEDDING_DIM);
  const normed0 = new Float32Array(M * EMBEDDING_DIM);
  const x = new Float32Array(M * WIDTH);
  const normed = new Float32Array(M * WIDTH);
  const mixed0 = new Float32Array(M * EMBEDDING_DIM);
  const mixed = new Float32Array(M * WIDTH);
  const hidden = new Float32Array(M * FFN_WIDTH);
  const pooled = new Float32Array(sentences * WIDTH);
  const embeddings = new Float32Array(sentences * WIDTH);
  const weights = new Float64Array(M);

  return (batch) => {
    embed(batch, embedding, timescales, x0);
    layer('layer0', x0, norms[0], normed0, mixed0, batch);
    layer('layer1', x, norms[1], normed, mixed, batch);
    meanOverRows(x, batch.rowStart, pooled);
    const product = multiply('tanh', pooled);
    for (let i = 0; i < embeddings.length; i++) embeddings[i] = Math.tanh(product[i] + biases.tanh[i % WIDTH]);
    normaliseRows(embeddings);
    return embeddings;
  };

  /** Leaves its output in x. The first layer's input is as narrow as the embedding, so a matrix widens it for what is added. */
  function layer(
    name: 'layer0' | 'layer1',
    input: Float32Array,
    { attention: norm, ffn }: LayerNorms,
    narrow: Float32Array,
    attended: Float32Array,
    { rowStart }: ClassifyActivations,
  ): void {
    layerNorm(input, norm.scale, norm.bias, LAYER_NORM_EPSILON, narrow);
    const qkv = multiply(`${name}.qkv`, narrow);
    addBias(qkv, biases[`${name}.qkv`]);
    const headDim = MATRICES[`${name}.qkv`].N / 3 / USE_LITE_HEADS;
    attention(qkv, USE_LITE_HEADS, headDim, rowStart, weights, attended);
    if (name === 'layer0') {
      x.fill(0);
      addResidual(x, multiply('dense', input), biases.dense, x);
    }
    addResidual(x, multiply(`${name}.out`, attended), biases[`${name}.out`], x);
    layerNorm(x, ffn.scale, ffn.bias, LAYER_NORM_EPSILON, normed);
    rectify(multiply(`${name}.fc1`, normed), biases[`${name}.fc1`], hidden);
    addResidual(x, multiply(`${name}.fc2`, hidden), biases[`${name}.fc2`], x);
  }
}

/** Twice the embedding plus sine and cosine of position × inverse timescales; rows that no sentence owns are 0. */
function embed(
  { inputs, rowStart }: ClassifyActivations,
  table: Float32Array,
  timescales: Float32Array,
  X: Float32Array,
): void {
  X.fill(0);
  const half = timescales.length;
  for (let s = 0; s + 1 < rowStart.length; s++) {
    for (let row = rowStart[s]; row < rowStart[s + 1]; row++) {
      const from = inputs[row] * EMBEDDING_DIM;
      const to = row * EMBEDDING_DIM;
      for (let i = 0; i < half; i++) {
        const angle = (row - rowStart[s]) * timescales[i];
        X[to + i] = 2 * table[from + i] + Math.sin(angle);
        X[to + half + i] = 2 * table[from + half + i] + Math.cos(angle);
      }
    }
  }
}

/** X [rows, WIDTH] → [sentences, WIDTH]; a sentence without rows has mean 0. */
function meanOverRows(X: Float32Array, rowStart: Int32Array, means: Float32Array): void {
  means.fill(0);
  for (let s = 0; s + 1 < rowStart.length; s++) {
    const count = rowStart[s + 1] - rowStart[s];
    for (let row = rowStart[s]; row < rowStart[s + 1]; row++) {
      for (let i = 0; i < WIDTH; i++) means[s * WIDTH + i] += X[row * WIDTH + i] / count;
    }
  }
}

/** Each row divided by its Euclidean length. */
function normaliseRows(X: Float32Array): void {
  for (let from = 0; from < X.length; from += WIDTH) {
    let squares = 0;
    for (let i = from; i < from + WIDTH; i++) squares += X[i] ** 2;
    const factor = 1 / Math.sqrt(squares);
    for (let i = from; i < from + WIDTH; i++) X[i] *= factor;
  }
}
