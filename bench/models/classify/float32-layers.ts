// What lies between the products of a network, over rows of f32 and without taking memory. Their oracle is
// bench/inputs/use-lite/float64-layers.ts.

/** Y [rows, N] += bias [N] */
export function addBias(Y: Float32Array, bias: Float32Array): void {
  const N = bias.length;
  for (let from = 0; from < Y.length; from += N) for (let n = 0; n < N; n++) Y[from + n] += bias[n];
}

/** Y = X + added + bias, over rows as long as the bias. */
export function addResidual(X: Float32Array, added: Float32Array, bias: Float32Array, Y: Float32Array): void {
  const N = bias.length;
  for (let from = 0; from < Y.length; from += N) {
    for (let n = 0; n < N; n++) Y[from + n] = X[from + n] + added[from + n] + bias[n];
  }
}

/** Y = max(X + bias, 0) */
export function rectify(X: Float32Array, bias: Float32Array, Y: Float32Array): void {
  const N = bias.length;
  for (let from = 0; from < Y.length; from += N) {
    for (let n = 0; n < N; n++) Y[from + n] = Math.max(0, X[from + n] + bias[n]);
  }
}

/** Over each row of X [rows, width]: scale · (x − mean) / √(variance + epsilon) + bias, both [width]. */
export function layerNorm(
  X: Float32Array,
  scale: Float32Array,
  bias: Float32Array,
  epsilon: number,
  Y: Float32Array,
): void {
  const width = scale.length;
  for (let from = 0; from < X.length; from += width) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += X[from + i];
    const mean = sum / width;
    let squares = 0;
    for (let i = 0; i < width; i++) squares += (X[from + i] - mean) ** 2;
    const factor = 1 / Math.sqrt(squares / width + epsilon);
    for (let i = 0; i < width; i++) Y[from + i] = scale[i] * factor * (X[from + i] - mean) + bias[i];
  }
}

/**
 * qkv [rows, 3, heads, headDim] → softmax(Q·Kᵀ / √headDim) · V, [rows, heads, headDim], where rows see those of their own example
 * alone. `weights` has room for as many as the longest example has rows.
 */
export function attention(
  qkv: Float32Array,
  heads: number,
  headDim: number,
  rowStart: Int32Array,
  weights: Float64Array,
  Y: Float32Array,
): void {
  const width = heads * headDim;
  for (let e = 0; e + 1 < rowStart.length; e++) {
    const [first, end] = [rowStart[e], rowStart[e + 1]];
    for (let row = first; row < end; row++) {
      for (let h = 0; h < heads; h++) {
        const query = 3 * row * width + h * headDim;
        const sum = attend(qkv, query, headDim, width, first, end, h, weights);
        const to = row * width + h * headDim;
        Y.fill(0, to, to + headDim);
        for (let j = first; j < end; j++) {
          const weight = weights[j - first] / sum;
          const value = (3 * j + 2) * width + h * headDim;
          for (let d = 0; d < headDim; d++) Y[to + d] += weight * qkv[value + d];
        }
      }
    }
  }
}

/** exp(score − largest) of each key into `weights`; their sum. */
function attend(
  qkv: Float32Array,
  query: number,
  headDim: number,
  width: number,
  first: number,
  end: number,
  head: number,
  weights: Float64Array,
): number {
  let max = -Infinity;
  for (let j = first; j < end; j++) {
    const key = (3 * j + 1) * width + head * headDim;
    let score = 0;
    for (let d = 0; d < headDim; d++) score += qkv[query + d] * qkv[key + d];
    score /= Math.sqrt(headDim);
    weights[j - first] = score;
    if (score > max) max = score;
  }
  let sum = 0;
  for (let j = 0; j < end - first; j++) sum += weights[j] = Math.exp(weights[j] - max);
  return sum;
}
