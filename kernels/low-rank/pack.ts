import type { Calibration } from '../../bench/contract/calibration.ts';
import { activationAware } from '../corrections/activation-aware.ts';
import { type LowRank, lowRank } from '../corrections/low-rank.ts';
import type { MatmulShape } from '../grid/layout.ts';

/** What decides which directions of W stay: their size in W, or in outputs over calibration activations (SVD-LLM). */
export const whitenings = ['none', 'activations'] as const;
export type Whitening = (typeof whitenings)[number];

/** W [N,K] as two thin factors alone. Throws where whitening by activations is asked for and none are given. */
export function packLowRank(
  W: Float32Array,
  shape: MatmulShape,
  rank: number,
  whitening: Whitening,
  calibration: Calibration | undefined,
): LowRank {
  if (whitening === 'none') return lowRank(W, shape, rank);
  if (calibration === undefined) throw new Error(`calibration: must be given for whitening=${whitening}, got none`);
  return activationAware(W, shape, rank, calibration);
}
