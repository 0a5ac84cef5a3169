import type { Calibration } from '../../bench/contract/calibration.ts';
import { activationAware } from '../corrections/activation-aware.ts';
import { type LowRank, lowRank } from '../corrections/low-rank.ts';
import type { MatmulShape } from '../grid/layout.ts';

/** The rank at which both factors take about such a share of the bytes of W [N,K]. */
export function rankOf(share: number, { N, K }: MatmulShape): number {
  return Math.max(1, Math.round((share * N * K) / (N + K)));
}

/** Why factors of such a rank are no compression of W, if so. */
export function rankSkip(rank: number, { N, K }: MatmulShape): string | undefined {
  const most = Math.min(N, K);
  if (rank >= most) return `rank: must be less than ${most}, got ${rank}`;
  const stored = rank * (N + K);
  return stored < N * K ? undefined : `factors: must hold less than ${N * K} values, got ${stored}`;
}

/**
 * W [N,K] as two thin factors alone. What decides which directions of W stay is their size in W, or, whitened, in outputs over
 * calibration activations. Throws where these are wanted and none are given.
 */
export function packLowRank(
  W: Float32Array,
  shape: MatmulShape,
  rank: number,
  isWhitened: boolean,
  calibration: Calibration | undefined,
): LowRank {
  if (!isWhitened) return lowRank(W, shape, rank);
  if (calibration === undefined) throw new Error('calibration: must be given for whitened=yes, got none');
  return activationAware(W, shape, rank, calibration);
}

export function lowRankBytes({ down, up }: LowRank): number {
  return down.byteLength + up.byteLength;
}
