import { matmul } from '../../bench/contract/operations/matmul.ts';
import { defineTechnique } from '../../bench/contract/technique.ts';
import type { DenseWeights } from '../dense/weights.ts';
import { gpuReadmeMatmul } from './gpu.ts';

export default defineTechnique({
  op: 'matmul',
  family: 'yardstick',
  summary: "dense as gpu.js's README multiplies matrices: what the tuned gpu.js kernels are held against",
  source: 'gpu.js 2.24.1, README.md, §How',
  axes: {},
  pack: ({ W }): DenseWeights => ({ values: W.slice() }),
  unpack: ({ values }) => ({ W: values }),
  bytes: ({ values }) => ({ values: values.byteLength, indices: 0, scales: 0 }),
  flops: (_, problem) => matmul.denseFlops(problem),
  // As dense, which it only computes in another order.
  minSqnrDb: () => 110,
  columns: () => ({ bits: 32, sparsity: 0 }),
  kernels: { gpujs: gpuReadmeMatmul },
});
