// Inputs for shapes that no bundled model has. Gaussian values alone flatter quantisation, whose scales follow the largest
// value; trained networks have a few input channels that are far larger than the rest (LLM.int8(),
// https://arxiv.org/abs/2208.07339; AWQ, https://arxiv.org/abs/2306.00978), and so do these. Seeded: equal arguments give
// equal values.
import type { MlpWeights, MoeWeights } from '../contract/problem.ts';
import { type Random, seededRandom } from '../statistics/random.ts';

/** Fraction of the K channels that are outliers: within AWQ's 0.1–1 % of salient channels. At least one channel is. */
export const OUTLIER_FRACTION = 0.005;
/** How much larger an outlier channel's values are: max/std then comes to 20–30 at model shapes, as in trained LLM layers. */
export const OUTLIER_FACTOR = 7;
/** Standard deviation of the scores Q·Kᵀ/√headDim: the middle of the 0.8–5.7 that Universal Sentence Encoder's heads show. */
export const SCORE_STD = 2.5;

// One problem draws all its inputs from one seed, and they must not resemble each other.
const STREAM = { weights: 0, activations: 1, attention: 2, calibration: 3, second: 4, router: 5 };

/** W [N, K] row-major: gaussian with standard deviation 1/√K, so that outputs are of the inputs' size; outlier columns. */
export function syntheticWeights(N: number, K: number, seed: number): Float32Array {
  const random = seededRandom(seed, STREAM.weights);
  return drawRows(N, withOutliers(K, 1 / Math.sqrt(K), random), random);
}

/** Weights of two products with a bias of gaussians of standard deviation ½ between them: about half of the hidden values are above 0. */
export function syntheticMlp(N: number, K: number, hidden: number, seed: number): MlpWeights {
  const random = seededRandom(seed, STREAM.second);
  const b1 = Float32Array.from({ length: hidden }, () => random.gaussian() / 2);
  const W2 = drawRows(N, withOutliers(hidden, 1 / Math.sqrt(hidden), random), random);
  return { W1: syntheticWeights(hidden, K, seed), b1, W2 };
}

/** Experts, each as the two products above, and a router by whose scores, gaussian for gaussian rows, each gets about as many rows. */
export function syntheticMoe(K: number, hidden: number, experts: number, seed: number): MoeWeights {
  const router = drawRows(experts, new Float64Array(K).fill(1 / Math.sqrt(K)), seededRandom(seed, STREAM.router));
  // The rows of all matrices one after another are those of a larger one.
  const random = seededRandom(seed, STREAM.second);
  const b1 = Float32Array.from({ length: experts * hidden }, () => random.gaussian() / 2);
  const W2 = drawRows(experts * K, withOutliers(hidden, 1 / Math.sqrt(hidden), random), random);
  return { router, W1: syntheticWeights(experts * hidden, K, seed), b1, W2 };
}

/** X [M, K] row-major: gaussian with standard deviation 1; outlier columns, the same for every row. */
export function syntheticActivations(M: number, K: number, seed: number): Float32Array {
  const random = seededRandom(seed, STREAM.activations);
  return drawRows(M, withOutliers(K, 1, random), random);
}

/** Other activations of the same layer, [rows, K] row-major: the outlier columns of `syntheticActivations`, values of their own. */
export function syntheticCalibration(rows: number, K: number, seed: number): Float32Array {
  const scale = withOutliers(K, 1, seededRandom(seed, STREAM.activations));
  return drawRows(rows, scale, seededRandom(seed, STREAM.calibration));
}

/** Q, K and V, each [heads, seqLen, headDim] row-major, gaussian: K and V with standard deviation 1, Q with SCORE_STD. */
export function syntheticAttention(heads: number, seqLen: number, headDim: number, seed: number) {
  const random = seededRandom(seed, STREAM.attention);
  const draw = (std: number) => Float32Array.from({ length: heads * seqLen * headDim }, () => std * random.gaussian());
  // A score sums headDim products and is divided by √headDim, so its deviation is that of Q times that of K.
  return { Q: draw(SCORE_STD), K: draw(1), V: draw(1) };
}

/** Standard deviation of each of K channels, of which the random ones that are outliers have a larger one. */
function withOutliers(K: number, std: number, random: Random): Float64Array {
  const scale = new Float64Array(K).fill(std);
  const outliers = Math.max(1, Math.round(K * OUTLIER_FRACTION));
  for (let i = 0; i < outliers; i++) scale[Math.floor(random.uniform() * K)] = std * OUTLIER_FACTOR;
  return scale;
}

function drawRows(rows: number, scale: Float64Array, random: Random): Float32Array {
  const K = scale.length;
  const values = new Float32Array(rows * K);
  for (let i = 0; i < values.length; i++) values[i] = scale[i % K] * random.gaussian();
  return values;
}
