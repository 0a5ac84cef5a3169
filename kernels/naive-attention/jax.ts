import type { Jax, JaxArray } from '../../bench/contract/runtimes/jax.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { transpose } from '../transpose.ts';
import { causalBias } from './causal-bias.ts';
import type { KeyValues } from './key-values.ts';
import { oneHead } from './one-head.ts';

/**
 * Each head: Q [M,headDim] f32, K turned to [headDim,seqLen] f32, V [seqLen,headDim] f32 → O [M,headDim] f32. Head by
 * head, which is about 1.7 times as fast as the library's `nn.dotProductAttention` over all of them.
 */
export function jaxNaiveAttention({
  packed: { K, V },
  problem,
  runtime: { jit, nn, numpy },
}: KernelContext<'attention', KeyValues, unknown, Jax>): PreparedKernel<'attention'> {
  const { heads, M, seqLen, headDim } = problem;
  const scale = 1 / Math.sqrt(headDim);
  const mask = causalBias(problem);
  const bias = mask === undefined ? [] : [numpy.array(mask, { shape: [M, seqLen] })];
  const each = Array.from({ length: heads }, (_, h) => ({
    Q: numpy.array(new Float32Array(M * headDim), { shape: [M, headDim] }),
    K: numpy.array(transpose(oneHead(K, h, heads), seqLen, headDim), { shape: [headDim, seqLen] }),
    V: numpy.array(oneHead(V, h, heads), { shape: [seqLen, headDim] }),
  }));
  const attend = jit((q: JaxArray, k: JaxArray, v: JaxArray, ...hidden: JaxArray[]) => {
    const scores = hidden.reduce((sum, addend) => sum.add(addend), numpy.matmul(q, k).mul(scale));
    return numpy.matmul(nn.softmax(scores, -1), v);
  });
  let outputs: JaxArray[] = [];
  const O = new Float32Array(heads * M * headDim);
  return {
    upload(activations) {
      each.forEach((arrays, h) => {
        arrays.Q.dispose();
        arrays.Q = numpy.array(oneHead(activations.Q, h, heads), { shape: [M, headDim] });
      });
    },
    async run() {
      for (const output of outputs) output.dispose();
      outputs = each.map((arrays) =>
        attend(arrays.Q.ref, arrays.K.ref, arrays.V.ref, ...bias.map((array) => array.ref)),
      );
      for (const output of outputs) await output.blockUntilReady();
    },
    readOutput() {
      outputs.forEach((output, h) => {
        O.set(output.ref.dataSync(), h * M * headDim);
      });
      return O;
    },
    workspaceBytes: undefined,
    dispose() {
      for (const array of [...each.flatMap(Object.values<JaxArray>), ...outputs, ...bias]) array.dispose();
      attend.dispose();
    },
  };
}
