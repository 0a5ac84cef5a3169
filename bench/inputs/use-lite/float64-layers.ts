// The layers of a transformer in float64, as plainly as they can be written: they make inputs and are never timed.

/** float32 of 1e-6, as Universal Sentence Encoder's graph holds it. */
export const LAYER_NORM_EPSILON = Math.fround(1e-6);

/**
 * X [rows, K] · kernel [K, N] + bias [N] → Y [rows, N]. Rows go in pairs, inputs four at a time: the same sums in the same
 * order as one by one, in 0.4 of the time.
 */
export function linear(X: Float64Array, kernel: Float32Array, bias: Float32Array): Float64Array {
  const N = bias.length;
  const K = kernel.length / N;
  const rows = X.length / K;
  const Y = new Float64Array(rows * N);
  const inputs = Array.from({ length: K }, (_, k) => k);
  for (let r = 0; r < rows; r += 2) {
    const isPair = r + 1 < rows;
    const x0 = X.subarray(r * K, (r + 1) * K);
    const x1 = isPair ? X.subarray((r + 1) * K, (r + 2) * K) : new Float64Array(K);
    const y0 = Y.subarray(r * N, (r + 1) * N);
    const y1 = isPair ? Y.subarray((r + 1) * N, (r + 2) * N) : new Float64Array(N);
    y0.set(bias);
    y1.set(bias);
    // ReLU leaves nine zeros in ten.
    const used = inputs.filter((k) => x0[k] !== 0 || x1[k] !== 0);
    const fours = used.length - (used.length % 4);
    for (let i = 0; i < fours; i += 4) addFour(x0, x1, kernel, y0, y1, used.slice(i, i + 4));
    for (const k of used.slice(fours)) {
      for (let n = 0; n < N; n++) y0[n] += x0[k] * kernel[k * N + n];
      for (let n = 0; n < N; n++) y1[n] += x1[k] * kernel[k * N + n];
    }
  }
  return Y;
}

/** Adds to each of two rows, y [N], the products of four inputs of its x [K]. */
function addFour(
  x0: Float64Array,
  x1: Float64Array,
  kernel: Float32Array,
  y0: Float64Array,
  y1: Float64Array,
  [a, b, c, d]: readonly number[],
): void {
  const N = y0.length;
  const [a0, b0, c0, d0] = [x0[a], x0[b], x0[c], x0[d]];
  const [a1, b1, c1, d1] = [x1[a], x1[b], x1[c], x1[d]];
  for (let n = 0; n < N; n++) {
    const wa = kernel[a * N + n];
    const wb = kernel[b * N + n];
    const wc = kernel[c * N + n];
    const wd = kernel[d * N + n];
    y0[n] = y0[n] + a0 * wa + b0 * wb + c0 * wc + d0 * wd;
    y1[n] = y1[n] + a1 * wa + b1 * wb + c1 * wc + d1 * wd;
  }
}

/** Over each row of X [rows, width]: scale · (x − mean) / √(variance + ε) + bias, both [width]. */
export function layerNorm(X: Float64Array, scale: Float32Array, bias: Float32Array): Float64Array {
  const width = scale.length;
  const Y = new Float64Array(X.length);
  for (let from = 0; from < X.length; from += width) {
    const row = X.subarray(from, from + width);
    const mean = row.reduce((sum, v) => sum + v, 0) / width;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    const rstd = 1 / Math.sqrt(variance + LAYER_NORM_EPSILON);
    for (let i = 0; i < width; i++) Y[from + i] = scale[i] * rstd * (row[i] - mean) + bias[i];
  }
  return Y;
}

/**
 * qkv [tokens, 3, heads, headDim] → softmax(Q·Kᵀ / √headDim) · V, [tokens, heads, headDim]. Tokens see each other only
 * within a sentence: the rows rowStart[s] ≤ row < rowStart[s + 1].
 */
export function attention(qkv: Float64Array, heads: number, rowStart: readonly number[]): Float64Array {
  const tokens = rowStart[rowStart.length - 1];
  const headDim = qkv.length / tokens / 3 / heads;
  const out = new Float64Array(qkv.length / 3);
  for (let s = 0; s + 1 < rowStart.length; s++) {
    for (let row = rowStart[s]; row < rowStart[s + 1]; row++) {
      for (let h = 0; h < heads; h++) {
        const part = (token: number, which: number) => {
          const from = ((token * 3 + which) * heads + h) * headDim;
          return qkv.subarray(from, from + headDim);
        };
        const outFrom = (row * heads + h) * headDim;
        attendRow(part, out.subarray(outFrom, outFrom + headDim), row, rowStart[s], rowStart[s + 1]);
      }
    }
  }
  return out;
}

type Part = (token: number, which: number) => Float64Array;

function attendRow(part: Part, out: Float64Array, row: number, from: number, to: number): void {
  const query = part(row, 0);
  const weights = Float64Array.from({ length: to - from }, (_, j) => dot(query, part(from + j, 1)));
  softmax(weights, 1 / Math.sqrt(query.length));
  for (let j = from; j < to; j++) {
    const value = part(j, 2);
    for (let d = 0; d < out.length; d++) out[d] += weights[j - from] * value[d];
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function softmax(scores: Float64Array, scale: number): void {
  const max = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let j = 0; j < scores.length; j++) sum += scores[j] = Math.exp((scores[j] - max) * scale);
  for (let j = 0; j < scores.length; j++) scores[j] /= sum;
}

/** Element by element. */
export function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((v, i) => v + b[i]);
}

/** Each row divided by its Euclidean length. */
export function normaliseRows(X: Float64Array, width: number): Float64Array {
  const Y = new Float64Array(X.length);
  for (let from = 0; from < X.length; from += width) {
    const row = X.subarray(from, from + width);
    const norm = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0));
    for (let i = 0; i < width; i++) Y[from + i] = row[i] / norm;
  }
  return Y;
}
