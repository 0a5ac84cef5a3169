import { expertOf, moe } from '../../bench/contract/operations/moe.ts';
import type { MlpProblem, MoeProblem, MoeWeights } from '../../bench/contract/problem.ts';
import type { StoredBytes, Work } from '../../bench/contract/technique.ts';
import { fillMlpPanels } from '../mlp/weights.ts';
import { fillPanels, paddedRows } from '../panels.ts';

/** Which experts a row goes through: those that are chosen for it, or all, of which the others have no share. */
export type Taken = 'chosen' | 'all';

export function totalBytes({ router, W1, b1, W2 }: MoeWeights): number {
  return router.byteLength + W1.byteLength + b1.byteLength + W2.byteLength;
}

/** What both techniques have in common: weights stay as they are. */
export const denseMoe = {
  axes: {},
  pack: ({ router, W1, b1, W2 }: MoeWeights): MoeWeights => ({ router, W1, b1, W2 }),
  unpack: (packed: MoeWeights): MoeWeights => packed,
  bytes: (packed: MoeWeights): StoredBytes => ({ values: totalBytes(packed), indices: 0, scales: 0 }),
  flops: (_: MoeWeights, problem: MoeProblem) => moe.denseFlops(problem),
  // As of a product: what is left is the rounding of f32 arithmetic.
  minSqnrDb: () => 110,
  columns: () => ({ bits: 32, sparsity: 0 }),
  wasmModule: 'moe',
  missing: { wgsl: 'gpu.js compiles kernels for the same devices; none is written by hand' },
} as const;

/** Each expert is an `mlp`. */
export function mlpOf({ M, K, hidden, weights, seed }: MoeProblem): MlpProblem {
  return { op: 'mlp', M, N: K, K, hidden, weights, seed };
}

/** Lengths of an expert's parts in panels of NR rows, and of the router's. */
export function panelSizes({ K, hidden, experts }: MoeProblem, NR: number) {
  const [width, ldY, ldScores] = [hidden, K, experts].map((rows) => paddedRows(rows, NR));
  return { width, ldY, ldScores, router: ldScores * K, W1: width * K, b1: width, W2: ldY * width };
}

export interface MoePanels {
  readonly router: Float32Array;
  /** Of all experts, one after another. */
  readonly W1: Float32Array;
  readonly b1: Float32Array;
  readonly W2: Float32Array;
}

export function fillMoePanels(packed: MoeWeights, problem: MoeProblem, NR: number, into: MoePanels): void {
  const { experts, K } = problem;
  const sizes = panelSizes(problem, NR);
  fillPanels(packed.router, experts, K, NR, into.router);
  for (let e = 0; e < experts; e++) {
    const part = (values: Float32Array, length: number) => values.subarray(e * length, (e + 1) * length);
    fillMlpPanels(expertOf(packed, problem, e), mlpOf(problem), NR, {
      W1: part(into.W1, sizes.W1),
      b1: part(into.b1, sizes.b1),
      W2: part(into.W2, sizes.W2),
    });
  }
}

/** Of a call in which expert e had `rowsOf[e]` rows: weights of experts that had none are not read. */
export function workOf({ M, K, hidden, experts }: MoeProblem, packed: MoeWeights, rowsOf: readonly number[]): Work {
  const rows = rowsOf.reduce((sum, count) => sum + count, 0);
  const used = rowsOf.filter((count) => count > 0).length;
  const ofExperts = totalBytes(packed) - packed.router.byteLength;
  return {
    flops: 2 * M * experts * K + 4 * rows * hidden * K,
    weightBytes: packed.router.byteLength + (used / experts) * ofExperts,
  };
}
