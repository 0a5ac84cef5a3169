// AWQ: channels with large activations are multiplied up before rounding, so that their weights lose less, and ranges are
// clipped where that helps the outputs.
import { type Grid, roundToNearest } from '../grid/grid.ts';
import { decodeChoice, type MatmulShape } from '../grid/layout.ts';
import { roundClipped } from './clip.ts';
import { calibrationOf, type GridMethod } from './method.ts';
import { outputError } from './output-error.ts';
import { channelStatistics, gram } from './statistics.ts';

/** Exponents tried: 0, 1/20 … 19/20. */
const EXPONENTS = 20;
/** Mean activations below this part of the largest count as that, so that no channel is multiplied away. */
const FAINTEST = 1e-4;
/** Rows of W that the exponents are compared on. */
const SAMPLED_ROWS = 128;

/**
 * s = mean|x|^α over the root of its largest times its least; of 20 values of α the one with the least output error on calibration
 * activations, through their gram matrix and on every so-many-th row of W. Then each block within a row is clipped to the
 * share of its range with the least output error of its own channels.
 */
export const awq: GridMethod = {
  summary: 'channels multiplied by mean |x|^α before rounding, then ranges clipped, for the least output error',
  source: 'Lin et al., AWQ, arXiv 2306.00978; mit-han-lab/llm-awq, auto_scale.py and auto_clip.py',
  needsCalibration: true,
  choose(W, shape, grid, context) {
    const { K } = shape;
    const calibration = calibrationOf('awq', context);
    const H = gram(calibration, K);
    const { meanAbs } = channelStatistics(calibration, K);
    const channels = bestChannels(W, shape, grid, H, meanAbs);
    const scaled = multiplied(W, channels);
    for (let i = 0; i < K; i++) for (let j = 0; j < K; j++) H[i * K + j] /= channels[i] * channels[j];
    return { choice: roundClipped(scaled, shape, grid, H), channels };
  },
};

function bestChannels(
  W: Float32Array,
  shape: MatmulShape,
  grid: Grid,
  H: Float64Array,
  meanAbs: Float64Array,
): Float32Array {
  const { N, K } = shape;
  const step = Math.max(1, Math.floor(N / SAMPLED_ROWS));
  const delta = new Float64Array(N * K);
  let best = new Float32Array(K).fill(1);
  let least = Infinity;
  for (let e = 0; e < EXPONENTS; e++) {
    const channels = channelsOf(meanAbs, e / EXPONENTS);
    const rounded = decodeChoice(roundToNearest(grid, multiplied(W, channels), shape), grid.layout, shape);
    for (let row = 0; row < N * K; row += step * K) {
      for (let k = 0; k < K; k++) delta[row + k] = rounded[row + k] / channels[k] - W[row + k];
    }
    const error = outputError(delta, H, N, K, step);
    if (error < least) {
      least = error;
      best = channels;
    }
  }
  return best;
}

function channelsOf(meanAbs: Float64Array, exponent: number): Float32Array<ArrayBuffer> {
  const floor = FAINTEST * meanAbs.reduce((most, mean) => Math.max(most, mean), 0);
  if (floor === 0) return new Float32Array(meanAbs.length).fill(1);
  const powers = Float64Array.from(meanAbs, (mean) => Math.max(mean, floor) ** exponent);
  const most = powers.reduce((a, b) => Math.max(a, b));
  const least = powers.reduce((a, b) => Math.min(a, b));
  return Float32Array.from(powers, (power) => power / Math.sqrt(most * least));
}

function multiplied(W: Float32Array, channels: Float32Array): Float32Array {
  const K = channels.length;
  const product = new Float32Array(W.length);
  for (let row = 0; row < W.length; row += K) {
    for (let k = 0; k < K; k++) product[row + k] = W[row + k] * channels[k];
  }
  return product;
}
