import type { Calibration } from '../../bench/contract/calibration.ts';
import type { MatmulShape } from '../grid/layout.ts';
import { channelStatistics } from '../methods/statistics.ts';

export interface Smoothed {
  /** [K] what activations are divided by; their geometric mean is 1. */
  readonly channels: Float32Array;
  /** [N,K] W times the same. */
  readonly W: Float32Array;
}

/** How much of a channel's range passes from activations to weights; the paper's choice for most models. */
const ALPHA = 0.5;

/**
 * Channel k of activations is divided by max|xₖ|^α / max|wₖ|^(1−α) and column k of W multiplied by it, so that both keep an
 * equal share of its range. A channel that is all zeros on either side is left as it is. Xiao et al., SmoothQuant,
 * arXiv 2211.10438, equation 4.
 */
export function smooth(W: Float32Array, { N, K }: MatmulShape, calibration: Calibration): Smoothed {
  const ofX = channelStatistics(calibration, K).maxAbs;
  const ofW = channelStatistics({ X: W, rows: N }, K).maxAbs;
  const channels = smoothingChannels(ofX, ofW);
  return { channels, W: W.map((weight, i) => weight * channels[i % K]) };
}

/** X [M,K] as the smoothed weights want it, in place. */
export function smoothRows(X: Float32Array | Float64Array, K: number, channels: Float32Array): void {
  for (let i = 0; i < X.length; i++) X[i] /= channels[i % K];
}

function smoothingChannels(ofX: Float64Array, ofW: Float64Array): Float32Array {
  const logs = ofX.map((x, k) =>
    x === 0 || ofW[k] === 0 ? Number.NaN : ALPHA * Math.log(x) - (1 - ALPHA) * Math.log(ofW[k]),
  );
  const known = logs.filter((log) => !Number.isNaN(log));
  const mean = known.reduce((sum, log) => sum + log, 0) / Math.max(1, known.length);
  return Float32Array.from(logs, (log) => (Number.isNaN(log) ? 1 : Math.exp(log - mean)));
}
