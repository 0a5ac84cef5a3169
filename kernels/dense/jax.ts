import type { Jax, JaxArray } from '../../bench/contract/runtimes/jax.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { transpose } from '../transpose.ts';
import type { DenseWeights } from './weights.ts';

/** X [M,K] f32, W [N,K] f32 turned to [K,N] → Y [M,N] f32, a new array a run. */
export function jaxDense({
  packed,
  problem: { M, N, K },
  runtime: { numpy },
}: KernelContext<'matmul', DenseWeights, unknown, Jax>): PreparedKernel<'matmul'> {
  const W = numpy.array(transpose(packed.values, N, K), { shape: [K, N] });
  let X = numpy.array(new Float32Array(M * K), { shape: [M, K] });
  let Y: JaxArray | undefined;
  return {
    upload(activations) {
      X.dispose();
      X = numpy.array(activations.X.slice(), { shape: [M, K] });
    },
    async run() {
      Y?.dispose();
      Y = numpy.matmul(X.ref, W.ref);
      await Y.blockUntilReady();
    },
    readOutput: () => Y?.ref.dataSync() ?? new Float32Array(M * N),
    workspaceBytes: undefined,
    dispose() {
      for (const array of [X, W, Y]) array?.dispose();
    },
  };
}
