import { matmul } from '../../bench/contract/operations/matmul.ts';
import { defineTechnique } from '../../bench/contract/technique.ts';
import type { DenseWeights } from '../dense/weights.ts';
import { tsNaive } from './ts.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'yardstick',
  summary: 'dense as three loops: what everything else is how many times faster than',
  source: 'the definition of the product',
  axes: {},
  pack: ({ W }): DenseWeights => ({ values: W }),
  unpack: ({ values }) => ({ W: values }),
  bytes: ({ values }) => ({ values: values.byteLength, indices: 0, scales: 0 }),
  flops: (_, problem) => matmul.denseFlops(problem),
  // As dense, which it only computes in another order.
  minSqnrDb: () => 110,
  columns: () => ({ bits: 32, sparsity: 0 }),
  kernels: { ts: tsNaive },
});
