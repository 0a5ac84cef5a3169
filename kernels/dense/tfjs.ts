import type { Tfjs, TfTensor } from '../../bench/contract/runtimes/tfjs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { transpose } from '../transpose.ts';
import type { DenseWeights } from './weights.ts';

/** X [M,K] f32, W [N,K] f32 turned to [K,N], which XNNPACK packs on the first call → Y [M,N] f32, a new tensor a run. */
export function tfjsDense({
  packed,
  problem: { M, N, K },
  runtime: tf,
}: KernelContext<'matmul', DenseWeights, unknown, Tfjs>): PreparedKernel<'matmul'> {
  const W = tf.tensor(transpose(packed.values, N, K), [K, N]);
  let X = tf.tensor(new Float32Array(M * K), [M, K]);
  let Y: TfTensor | undefined;
  return {
    upload(activations) {
      X.dispose();
      X = tf.tensor(activations.X, [M, K]);
    },
    run() {
      Y?.dispose();
      Y = tf.matMul(X, W);
    },
    readOutput: () => Y?.dataSync() ?? new Float32Array(M * N),
    workspaceBytes: undefined,
    dispose() {
      for (const tensor of [X, W, Y]) tensor?.dispose();
    },
  };
}
