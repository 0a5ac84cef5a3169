import type { Ort } from '../../bench/contract/runtimes/ort.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { causalBias } from './causal-bias.ts';
import type { KeyValues } from './key-values.ts';

/**
 * Q [heads,M,headDim] f32, K and V [heads,1,seqLen,headDim] f32 → O [heads,M,headDim] f32. Heads go where the operator
 * has its batch, in which our layout is already its own; keys and values of four dimensions make it compute all
 * scores of a head at once. (With three dimensions it tiles them as FlashAttention does: a few per cent faster.)
 */
export async function ortNaiveAttention({
  packed: { K, V },
  problem,
  runtime,
}: KernelContext<'attention', KeyValues, unknown, Ort>): Promise<PreparedKernel<'attention'>> {
  const { heads, M, seqLen, headDim } = problem;
  const bias = causalBias(problem);
  const keys = [heads, 1, seqLen, headDim];
  const program = await runtime.load({
    input: { name: 'Q', dims: [heads, M, headDim] },
    output: { name: 'O', dims: [heads, M, headDim] },
    nodes: [
      {
        op: 'MultiHeadAttention',
        domain: 'com.microsoft',
        inputs: ['Q', 'K', 'V', '', '', bias === undefined ? '' : 'bias'],
        output: 'O',
        attributes: { num_heads: 1, scale: { float: 1 / Math.sqrt(headDim) } },
      },
    ],
    initializers: [
      { name: 'K', dims: keys, values: K },
      { name: 'V', dims: keys, values: V },
      ...(bias === undefined ? [] : [{ name: 'bias', dims: [1, 1, M, seqLen], values: bias }]),
    ],
  });
  return { ...program, upload: ({ Q }) => program.upload(Q), workspaceBytes: undefined };
}
