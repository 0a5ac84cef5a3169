import type { Tfjs, TfTensor } from '../../bench/contract/runtimes/tfjs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { transpose } from '../transpose.ts';
import { causalBias } from './causal-bias.ts';
import type { KeyValues } from './key-values.ts';
import { oneHead } from './one-head.ts';

/**
 * Each head: Q [M,headDim] f32, K turned to [headDim,seqLen] f32, V [seqLen,headDim] f32 → O [M,headDim] f32. Head by
 * head and with K turned, since batched and transposed products don't go to XNNPACK.
 */
export function tfjsNaiveAttention({
  packed: { K, V },
  problem,
  runtime: tf,
}: KernelContext<'attention', KeyValues, unknown, Tfjs>): PreparedKernel<'attention'> {
  const { heads, M, seqLen, headDim } = problem;
  const scale = 1 / Math.sqrt(headDim);
  const mask = causalBias(problem);
  const bias = mask && tf.tensor(mask, [M, seqLen]);
  const each = Array.from({ length: heads }, (_, h) => ({
    Q: tf.tensor(new Float32Array(M * headDim), [M, headDim]),
    K: tf.tensor(transpose(oneHead(K, h, heads), seqLen, headDim), [headDim, seqLen]),
    V: tf.tensor(oneHead(V, h, heads), [seqLen, headDim]),
  }));
  let outputs: TfTensor[] = [];
  const O = new Float32Array(heads * M * headDim);
  return {
    upload(activations) {
      each.forEach((tensors, h) => {
        tensors.Q.dispose();
        tensors.Q = tf.tensor(oneHead(activations.Q, h, heads), [M, headDim]);
      });
    },
    run() {
      for (const output of outputs) output.dispose();
      outputs = each.map((tensors) =>
        tf.tidy(() => {
          const scores = tf.mul(tf.matMul(tensors.Q, tensors.K), scale);
          return tf.matMul(tf.softmax(bias === undefined ? scores : tf.add(scores, bias)), tensors.V);
        }),
      );
    },
    readOutput() {
      outputs.forEach((output, h) => {
        O.set(output.dataSync(), h * M * headDim);
      });
      return O;
    },
    workspaceBytes: undefined,
    dispose() {
      for (const tensor of [...each.flatMap(Object.values<TfTensor>), ...outputs, bias]) tensor?.dispose();
    },
  };
}
