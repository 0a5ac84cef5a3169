import type { MatmulShape } from '../grid/layout.ts';
import { difference, type LowRank, lowRank, productOf } from './low-rank.ts';

export interface LoftqResult extends LowRank {
  /** [N,K] what to round, so that it and the product of the factors together come close to W. */
  readonly target: Float32Array;
}

/** Rounds of alternation; the paper finds that more than five change little. */
const ITERATIONS = 5;

/**
 * Alternates rounding of W less the factors and factors of what rounding leaves, and keeps the best of them: rounding isn't the
 * nearest point of what a format holds, so a further round can lose. Li et al., LoftQ, arXiv 2310.08659, algorithm 1.
 * `quantise` returns weights as a format holds them.
 */
export function loftq(
  W: Float32Array,
  shape: MatmulShape,
  rank: number,
  quantise: (W: Float32Array) => Float32Array,
): LoftqResult {
  let best: LoftqResult | undefined;
  let least = Number.POSITIVE_INFINITY;
  let target = W;
  for (let i = 0; i < ITERATIONS; i++) {
    const residual = difference(W, quantise(target));
    const factors = lowRank(residual, shape, rank);
    const product = productOf(factors, shape);
    const left = sumOfSquares(difference(residual, product));
    if (best === undefined || left < least) {
      best = { ...factors, target };
      least = left;
    }
    target = difference(W, product);
  }
  return best!;
}

function sumOfSquares(A: Float32Array): number {
  let sum = 0;
  for (const a of A) sum += a * a;
  return sum;
}
