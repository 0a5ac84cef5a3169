import type { Calibration } from '../../bench/contract/calibration.ts';
import type { KeptHidden, MlpProblem, MlpWeights } from '../../bench/contract/problem.ts';
import type { DenseMlpWeights } from '../mlp/weights.ts';

/** Which hidden values are skipped: none, those that are 0, or those below what such a share of them is below on other activations. */
export const skips = ['zeros', 'none', 0.95, 0.98] as const;

export interface Skipping {
  readonly skip: (typeof skips)[number];
  /** Which of them: the smallest, or as many at random. */
  readonly which?: 'smallest' | 'random';
}

export interface SkippingWeights extends DenseMlpWeights {
  /** [1] */
  readonly threshold: Float32Array;
  /** [hidden], 1 for what is kept; missing where that hangs on the values. */
  readonly mask?: Uint8Array;
}

/** Below all hidden values. */
const NONE = -1;
/** By so much the mask is turned from row to row, so that rows don't all skip the same weights. */
export const MASK_STRIDE = 97;
/** Of calibration, from which thresholds are taken: some hundred thousand values. */
const MOST_ROWS = 256;

export function packSkipping(
  { W1, b1, W2 }: MlpWeights,
  problem: MlpProblem,
  { skip, which = 'smallest' }: Skipping,
  calibration: Calibration | undefined,
): SkippingWeights {
  const dense = { W1, b1, W2 };
  if (skip === 'none') return { ...dense, threshold: Float32Array.of(NONE) };
  if (skip === 'zeros' && which === 'smallest') return { ...dense, threshold: new Float32Array(1) };
  if (calibration === undefined) throw new Error('calibration: must be given for a share, got none');
  const values = hiddenOf(dense, problem, calibration).sort();
  const share = skip === 'zeros' ? values.lastIndexOf(0) + 1 : Math.ceil(skip * values.length);
  const threshold = Float32Array.of(share === 0 ? NONE : values[share - 1]);
  if (which === 'smallest') return { ...dense, threshold };
  return { ...dense, threshold, mask: randomMask(problem.hidden, 1 - share / values.length) };
}

export function keptBy({ threshold, mask }: SkippingWeights): KeptHidden {
  return { threshold: threshold[0], mask: mask && { bits: mask, stride: MASK_STRIDE } };
}

function hiddenOf({ W1, b1 }: DenseMlpWeights, { hidden, K }: MlpProblem, { X, rows }: Calibration): Float32Array {
  const taken = Math.min(rows, MOST_ROWS);
  const values = new Float32Array(taken * hidden);
  for (let m = 0; m < taken; m++) {
    for (let h = 0; h < hidden; h++) {
      let sum = b1[h];
      for (let k = 0; k < K; k++) sum += X[m * K + k] * W1[h * K + k];
      values[m * hidden + h] = Math.max(0, sum);
    }
  }
  return values;
}

/** 1 for so large a share of them, at places that a hash of their number orders. */
function randomMask(hidden: number, share: number): Uint8Array {
  const order = Array.from({ length: hidden }, (_, h) => h).sort((a, b) => hash(a) - hash(b));
  const mask = new Uint8Array(hidden);
  for (const h of order.slice(0, Math.round(share * hidden))) mask[h] = 1;
  return mask;
}

/** 32 bits, all of which hang on all of the number's (MurmurHash3's last step). */
function hash(value: number): number {
  let h = value + 1;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
