import type { MatmulShape } from '../grid/layout.ts';
import { type MaskRule, masked, type Pruned } from './mask.ts';

/** Scores a weight by |w|, within the whole matrix. Han et al., arXiv 1506.02626. */
export function pruneByMagnitude(W: Float32Array, shape: MatmulShape, rule: MaskRule): Pruned {
  const magnitudes = new Float32Array(W.length);
  for (let i = 0; i < W.length; i++) magnitudes[i] = Math.abs(W[i]);
  const mask = rule.keep(magnitudes, shape, 'matrix');
  return { W: masked(W, mask), mask };
}
