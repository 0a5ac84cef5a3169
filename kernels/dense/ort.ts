import type { Ort } from '../../bench/contract/runtimes/ort.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { DenseWeights } from './weights.ts';

/** X [M,K] f32, W [N,K] f32 as an initializer, which ONNX Runtime packs for its own product → Y [M,N] f32. */
export async function ortDense({
  packed,
  problem: { M, N, K },
  runtime,
}: KernelContext<'matmul', DenseWeights, unknown, Ort>): Promise<PreparedKernel<'matmul'>> {
  const program = await runtime.load({
    input: { name: 'X', dims: [M, K] },
    output: { name: 'Y', dims: [M, N] },
    nodes: [{ op: 'Gemm', inputs: ['X', 'W'], output: 'Y', attributes: { transB: 1 } }],
    initializers: [{ name: 'W', dims: [N, K], values: packed.values }],
  });
  return { ...program, upload: ({ X }) => program.upload(X), workspaceBytes: undefined };
}
