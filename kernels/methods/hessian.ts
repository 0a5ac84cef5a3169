// H = XᵀX made safe to invert, and to trust.
import type { Calibration } from '../../bench/contract/calibration.ts';
import { gram } from './statistics.ts';

/** Share of the mean diagonal that is added to the diagonal, at the least: GPTQ's. */
const LEAST_DAMPING = 0.01;
/** Where calibration tells nothing. */
const MOST_DAMPING = 10;
/** Rows taken as one draw, since tokens of a sentence resemble each other; fewer where that leaves few draws. */
const BATCH = 16;
const LEAST_BATCHES = 8;

/**
 * XᵀX [K,K] with its diagonal raised. By 1 % of its mean, as in gptq.py, where there are rows enough: the article has 262 144 of
 * them, and with only a few times K, GPTQ would fit what is chance in them and lose to RTN on other inputs. So it is raised by
 * as much as Ledoit and Wolf's estimate asks for (A well-conditioned estimator for large-dimensional covariance matrices,
 * Journal of Multivariate Analysis 88, 2004) where that is more. Channels that calibration never used take the mean as their
 * own diagonal, with nothing beside.
 */
export function dampedHessian(calibration: Calibration, K: number): Float64Array {
  const H = gram(calibration, K);
  let sum = 0;
  let live = 0;
  for (let k = 0; k < K; k++) {
    sum += H[k * K + k];
    if (H[k * K + k] > 0) live++;
  }
  const mean = live === 0 ? 1 : sum / live;
  const damping = Math.max(LEAST_DAMPING, ledoitWolf(calibration, H, K));
  for (let k = 0; k < K; k++) H[k * K + k] = (H[k * K + k] || mean) + damping * mean;
  return H;
}

/**
 * ρ/(1 − ρ), where H·(1 − ρ) + ρ·mean·I is nearest in expectation to what infinitely many rows would give: ρ is the variance of
 * H over its distance from a multiple of I. The variance is taken between batches of rows.
 */
function ledoitWolf({ X, rows }: Calibration, H: Float64Array, K: number): number {
  let squares = 0;
  let trace = 0;
  for (let i = 0; i < H.length; i++) squares += H[i] * H[i];
  for (let k = 0; k < K; k++) trace += H[k * K + k];
  const distance = squares - (trace * trace) / K;
  const batch = Math.min(BATCH, Math.ceil(rows / LEAST_BATCHES));
  const batches = Math.ceil(rows / batch);
  if (batches === 1) return MOST_DAMPING;
  let variance = 0;
  for (let r = 0; r < rows; r += batch) variance += squaresOfGram(X, r, Math.min(rows, r + batch), K);
  variance = (variance - squares / batches) * (batches / (batches - 1));
  return distance > variance ? Math.min(MOST_DAMPING, variance / (distance - variance)) : MOST_DAMPING;
}

/** Squares of all entries of XᵀX over a few rows: those of XXᵀ, which is smaller. */
function squaresOfGram(X: Float32Array, from: number, to: number, K: number): number {
  let sum = 0;
  for (let a = from; a < to; a++) {
    for (let b = a; b < to; b++) {
      let product = 0;
      for (let k = 0; k < K; k++) product += X[a * K + k] * X[b * K + k];
      sum += (a === b ? 1 : 2) * product * product;
    }
  }
  return sum;
}
