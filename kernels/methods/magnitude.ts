import type { MatmulShape } from '../grid/layout.ts';
import { type MaskRule, masked, type Pruned } from './mask.ts';

/** Scores a weight by |w|, within the whole matrix. Han et al., arXiv 1506.02626. */
export function pruneByMagnitude(W: Float32Array, shape: MatmulShape, rule: MaskRule): Pruned {
  const mask = rule.keep(W.map(Math.abs), shape, 'matrix');
  return { W: masked(W, mask), mask };
}
