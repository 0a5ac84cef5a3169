import { mlp } from '../../bench/contract/operations/mlp.ts';
import type { MlpProblem, MlpWeights } from '../../bench/contract/problem.ts';
import type { StoredBytes } from '../../bench/contract/technique.ts';
import { fillPanels, paddedRows, widenedRows } from '../panels.ts';

export type DenseMlpWeights = Pick<MlpWeights, 'W1' | 'b1' | 'W2'>;

export function totalBytes({ W1, b1, W2 }: DenseMlpWeights): number {
  return W1.byteLength + b1.byteLength + W2.byteLength;
}

/** What techniques have in common that keep the weights as they are. */
export const denseMlp = {
  axes: {},
  pack: ({ W1, b1, W2 }: MlpWeights): DenseMlpWeights => ({ W1, b1, W2 }),
  unpack: (packed: DenseMlpWeights): MlpWeights => packed,
  bytes: (packed: DenseMlpWeights): StoredBytes => ({ values: totalBytes(packed), indices: 0, scales: 0 }),
  flops: (_: DenseMlpWeights, problem: MlpProblem) => mlp.denseFlops(problem),
  // As of a product: what is left is the rounding of f32 arithmetic.
  minSqnrDb: () => 110,
  columns: () => ({ bits: 32, sparsity: 0 }),
  wasmModule: 'mlp',
} as const;

/** Both matrices in panels of so many rows, the second as wide as the hidden values are then, which are zeros past `hidden`. */
export function fillMlpPanels(
  { W1, b1, W2 }: DenseMlpWeights,
  { N, K, hidden }: MlpProblem,
  NR: number,
  into: { readonly W1: Float32Array; readonly b1: Float32Array; readonly W2: Float32Array },
): void {
  const width = paddedRows(hidden, NR);
  fillPanels(W1, hidden, K, NR, into.W1);
  into.b1.set(b1);
  fillPanels(widenedRows(W2, N, hidden, width), N, width, NR, into.W2);
}
