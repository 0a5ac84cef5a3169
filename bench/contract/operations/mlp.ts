// Y[M,N] = relu(X[M,K] · W1[hidden,K]ᵀ + b1) · W2[N,hidden]ᵀ
import { F32_ROUNDOFF, F32_SMALLEST, type Operation } from '../operation.ts';
import type { KeptHidden, MlpProblem, MlpWeights } from '../problem.ts';

/** Of dequantisation, scaling, the bias and the final store. */
const FIXED_ROUNDINGS = 8;
const ABOVE_ZERO: KeptHidden = { threshold: 0 };

export const mlp: Operation<'mlp'> = {
  baseline: 'separate-mlp',
  layerOp: 'mlp',
  identity: ({ M, N, K, hidden, weights }) => ({ M, N, K, hidden, weights }),
  freshActivations: ({ X }) => ({ X: X.toReversed().map((x) => -x) }),
  outputShape: ({ M, N }) => ({ rows: M, columns: N }),
  reference(problem, weights, { X }, rows) {
    const { N, K } = problem;
    const values = new Float64Array(rows.length * N);
    const tolerance = new Float64Array(rows.length * N);
    let errorEnergy = 0;
    for (let r = 0; r < rows.length; r++) {
      const hidden = hiddenRow(problem, weights, X.subarray(rows[r] * K, (rows[r] + 1) * K), rows[r]);
      errorEnergy += addOutputRow(problem, weights, hidden, values.subarray(r * N), tolerance.subarray(r * N));
    }
    return { values, tolerance, errorEnergy };
  },
  denseFlops: ({ M, N, K, hidden }) => 2 * M * hidden * (N + K),
  denseBytes: ({ N, K, hidden }) => 4 * hidden * (N + K + 1),
  activationBytes: ({ M, N, K }) => 4 * M * (N + K),
};

/** Of the hidden values of a row those that may be other than 0, which and how far an f32 kernel may be off. */
interface Hidden {
  readonly at: readonly number[];
  readonly values: readonly number[];
  /** At most, and where roundings fall up and down at random. */
  readonly most: readonly number[];
  readonly random: readonly number[];
}

/** As for one product (see matmul.ts). A value near the threshold may be kept or not, so it may be off by all of itself. */
export function hiddenRow(
  { K, hidden }: Pick<MlpProblem, 'K' | 'hidden'>,
  { W1, b1, kept: { threshold: limit, mask } = ABOVE_ZERO }: MlpWeights,
  x: Float32Array,
  row: number,
): Hidden {
  const found = { at: [] as number[], values: [] as number[], most: [] as number[], random: [] as number[] };
  const roundings = K + FIXED_ROUNDINGS;
  for (let h = 0; h < hidden; h++) {
    if (mask !== undefined && mask.bits[(row * mask.stride + h) % hidden] === 0) continue;
    let sum = b1[h];
    let magnitude = Math.abs(sum);
    for (let k = 0; k < K; k++) {
      const product = x[k] * W1[h * K + k];
      sum += product;
      magnitude += Math.abs(product);
    }
    const most = roundings * (F32_ROUNDOFF * magnitude + F32_SMALLEST);
    const threshold = mask === undefined ? limit : 0;
    if (sum <= threshold - most) continue;
    const isUnsure = Math.abs(sum - threshold) < most;
    const dropped = isUnsure ? Math.abs(threshold) : 0;
    found.at.push(h);
    found.values.push(sum > threshold ? Math.max(0, sum) : 0);
    found.most.push(most + dropped);
    found.random.push((Math.sqrt(K) + FIXED_ROUNDINGS) * (F32_ROUNDOFF * magnitude + F32_SMALLEST) + dropped);
  }
  return found;
}

/**
 * Adds the product of a hidden row with W2 to `values` [N], what it may be off by to `tolerance`, and returns how large the squares of
 * errors may be together. Errors of the hidden values come in by the weights they are multiplied with, each by itself.
 */
export function addOutputRow(
  { N, hidden }: Pick<MlpProblem, 'N' | 'hidden'>,
  { W2 }: MlpWeights,
  { at, values: h, most, random }: Hidden,
  values: Float64Array,
  tolerance: Float64Array,
): number {
  const roundings = hidden + FIXED_ROUNDINGS;
  const atRandom = Math.sqrt(hidden) + FIXED_ROUNDINGS;
  let energy = 0;
  for (let n = 0; n < N; n++) {
    let sum = 0;
    let magnitude = 0;
    let before = 0;
    let beforeAtRandom = 0;
    for (let i = 0; i < at.length; i++) {
      const w = W2[n * hidden + at[i]];
      const product = h[i] * w;
      sum += product;
      magnitude += Math.abs(product);
      before += most[i] * Math.abs(w);
      beforeAtRandom += (random[i] * w) ** 2;
    }
    values[n] += sum;
    tolerance[n] += roundings * (F32_ROUNDOFF * (magnitude + before) + F32_SMALLEST) + before;
    energy += (atRandom * F32_ROUNDOFF * magnitude + roundings * F32_SMALLEST + Math.sqrt(beforeAtRandom)) ** 2;
  }
  return energy;
}
