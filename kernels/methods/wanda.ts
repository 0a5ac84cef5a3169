import type { Calibration } from '../../bench/contract/calibration.ts';
import type { MatmulShape } from '../grid/layout.ts';
import { type MaskRule, masked, type Pruned } from './mask.ts';
import { channelStatistics } from './statistics.ts';

/**
 * Scores a weight by |w|·‖x‖₂, where x is the column of activations it meets, and lets it vie with those of its output row.
 * Sun et al., A Simple and Effective Pruning Approach for Large Language Models, arXiv 2306.11695.
 */
export function wanda(W: Float32Array, shape: MatmulShape, rule: MaskRule, calibration: Calibration): Pruned {
  const { K } = shape;
  // The same number of rows for all, so the root of the mean square orders them as the norm does.
  const norms = channelStatistics(calibration, K).meanSquare.map(Math.sqrt);
  const scores = Float64Array.from(W, (weight, i) => Math.abs(weight) * norms[i % K]);
  const mask = rule.keep(scores, shape, 'row');
  return { W: masked(W, mask), mask };
}
