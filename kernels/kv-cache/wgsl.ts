import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { Wgsl, WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { FLOAT_STEP, matmulShader, STEP } from '../dense/wgsl-matmul.ts';
import { fromBits } from '../grid/bits.ts';
import { firstInteger } from '../grid/gpu-digits.ts';
import type { GridLayout } from '../grid/layout.ts';
import { softmax } from '../naive-attention/wgsl.ts';
import { HIDDEN, prepareWgslAttention } from '../naive-attention/wgsl-attention.ts';
import { turnBlocks } from '../transforms/hadamard-wgsl.ts';
import { BLOCK, blocksOf, matrixOf, type QuantizedRows, storedBytesOf } from './cache.ts';
import type { KvCacheContext } from './context.ts';

/** As naive attention does it: a product for each head, twice, whose operands become f32 as they are read. */
export function wgslKvCache({
  packed,
  layout,
  problem,
  hadamard,
  runtime,
}: KvCacheContext<Wgsl>): Promise<PreparedKernel<'attention'>> {
  return prepareWgslAttention(runtime, problem, {
    storedBytes: storedBytesOf(packed),
    paddedDim: roundUp(problem.headDim, STEP),
    build: async (program, Q) => {
      const turned =
        hadamard === undefined
          ? Q
          : await turnBlocks(program, Q, { M: problem.heads * problem.M, K: problem.headDim }, hadamard);
      const S = await scores(program, turned, packed.K, layout, problem);
      const P = await softmax(program, S, problem);
      return weightedValues(program, P, packed.V, layout, problem);
    },
  });
}

function scores(
  program: WgslProgram,
  Q: GpuBuffer,
  K: QuantizedRows,
  layout: GridLayout,
  problem: AttentionProblem,
): Promise<GpuBuffer> {
  // Q [heads,M,paddedDim] f32, K [heads, words of headDim, seqLen], scales [heads,blocks,seqLen] f16 → S [heads,M,seqLen]
  const { heads, M, seqLen, headDim, causal } = problem;
  const hidden = causal ? `n > m + ${seqLen - M}u` : 'false';
  return program.shader({
    ...matmulShader(
      { M, N: seqLen, K: headDim, batch: heads },
      {
        sum: 'f32',
        code: `${FLOAT_STEP}${codesOf('K', layout)}
fn weights(n : u32, step : u32) -> vec4f {
  let at = (batch * ${blocksOf(problem)}u + step / ${BLOCK / STEP}u) * N + n;
  return codesAt(n, step) * unpack2x16float(scales[at / 2u])[at % 2u];
}
fn result(sum : f32, m : u32, n : u32) -> f32 { return select(sum * ${1 / Math.sqrt(headDim)}, ${HIDDEN}, ${hidden}); }`,
      },
    ),
    inputs: { X: ['array<vec4f>', Q] },
    output: ['Y', 'array<f32>', heads * M * seqLen],
    resident: {
      K: ['array<u32>', wordsOf(K, layout, problem, 'headDim')],
      scales: ['array<u32>', scalesByBlock(K, problem, seqLen)],
    },
  });
}

function weightedValues(
  program: WgslProgram,
  P: GpuBuffer,
  V: QuantizedRows,
  layout: GridLayout,
  problem: AttentionProblem,
): Promise<GpuBuffer> {
  // P [heads,M,paddedKeys] f32, V [heads, words of seqLen, headDim], scales [heads,blocks,paddedKeys] f16 → O [heads,M,headDim]
  const { heads, M, seqLen, headDim } = problem;
  const paddedKeys = roundUp(seqLen, STEP);
  return program.shader({
    ...matmulShader(
      { M, N: headDim, K: seqLen, batch: heads },
      {
        sum: 'f32',
        code: `${FLOAT_STEP}${codesOf('V', layout)}
fn weights(n : u32, step : u32) -> vec4f {
  let at = ((batch * ${blocksOf(problem)}u + n / ${BLOCK}u) * STEPS + step) * ${STEP / 2}u;
  return codesAt(n, step) * vec4f(unpack2x16float(scales[at]), unpack2x16float(scales[at + 1u]));
}
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum; }`,
      },
    ),
    inputs: { X: ['array<vec4f>', P] },
    output: ['Y', 'array<f32>', heads * M * headDim],
    resident: {
      V: ['array<u32>', wordsOf(V, layout, problem, 'seqLen')],
      scales: ['array<u32>', scalesByBlock(V, problem, paddedKeys)],
    },
  });
}

/** `codesAt(n, step)`: four codes of column n as f32, from words that hold those of one step or of several. */
function codesOf(array: string, { bits, values }: GridLayout): string {
  const steps = 32 / (STEP * bits);
  return `
fn codesAt(n : u32, step : u32) -> vec4f {
  let word = ${array}[(batch * ((STEPS + ${steps - 1}u) / ${steps}u) + step / ${steps}u) * N + n];
  let codes = vec4u(word >> (step % ${steps}u * ${STEP * bits}u)) >> vec4u(0u, ${bits}u, ${2 * bits}u, ${3 * bits}u);
  return vec4f(codes & vec4u(${2 ** bits - 1}u)) + vec4f(${firstInteger({ values }) ?? 0});
}`;
}

/** [heads, words along one side, the other side]: a word holds as many successive codes as fit it, the first lowest. */
function wordsOf(
  { codes }: QuantizedRows,
  { bits }: GridLayout,
  problem: AttentionProblem,
  along: 'headDim' | 'seqLen',
): Uint32Array {
  const { heads, seqLen, headDim } = problem;
  const all = fromBits(codes, matrixOf(problem).N, headDim, bits);
  const held = 32 / bits;
  const wordsAlong = Math.ceil(problem[along] / held);
  const across = along === 'headDim' ? seqLen : headDim;
  const words = new Uint32Array(heads * wordsAlong * across);
  for (let i = 0; i < all.length; i++) {
    const row = Math.floor(i / headDim);
    const [d, key, head] = [i % headDim, row % seqLen, Math.floor(row / seqLen)];
    const [k, n] = along === 'headDim' ? [d, key] : [key, d];
    words[(head * wordsAlong + Math.floor(k / held)) * across + n] |= all[i] << (bits * (k % held));
  }
  return words;
}

/** Scales [heads,seqLen,blocks] as [heads,blocks,keys]. */
function scalesByBlock({ scales }: QuantizedRows, problem: AttentionProblem, keys: number): Float16Array {
  const { heads, seqLen } = problem;
  const blocks = blocksOf(problem);
  const ordered = new Float16Array(heads * blocks * keys);
  for (let h = 0; h < heads; h++) {
    for (let j = 0; j < seqLen; j++) {
      for (let b = 0; b < blocks; b++) ordered[(h * blocks + b) * keys + j] = scales[(h * seqLen + j) * blocks + b];
    }
  }
  return ordered;
}
