import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { Wgsl, WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { FLOAT_STEP, floatColumns, matmulShader, STEP } from '../dense/wgsl-matmul.ts';
import type { KeyValues } from './key-values.ts';
import { HIDDEN, prepareWgslAttention } from './wgsl-attention.ts';

type Context = KernelContext<'attention', KeyValues, Record<never, never>, Wgsl>;

/** All scores, then their softmax, then the weighted values: a product for each head, twice. */
export function wgslNaiveAttention({ packed, problem, runtime }: Context): Promise<PreparedKernel<'attention'>> {
  return prepareWgslAttention(runtime, problem, {
    storedBytes: packed.K.byteLength + packed.V.byteLength,
    paddedDim: roundUp(problem.headDim, STEP),
    build: async (program, Q) => {
      const S = await scores(program, Q, packed.K, problem);
      const P = await softmax(program, S, problem);
      return weightedValues(program, P, packed.V, problem);
    },
  });
}

function scores(program: WgslProgram, Q: GpuBuffer, K: Float32Array, problem: AttentionProblem): Promise<GpuBuffer> {
  // Q [heads,M,paddedDim] f32, Kᵀ [heads,paddedDim,seqLen] f32 → S [heads,M,seqLen]
  const { heads, M, seqLen, headDim, causal } = problem;
  const product = { M, N: seqLen, K: headDim, batch: heads };
  const hidden = causal ? `n > m + ${seqLen - M}u` : 'false';
  return program.shader({
    ...matmulShader(product, {
      sum: 'f32',
      code: `${FLOAT_STEP}${floatColumns('K')}
fn result(sum : f32, m : u32, n : u32) -> f32 { return select(sum * ${1 / Math.sqrt(headDim)}, ${HIDDEN}, ${hidden}); }`,
    }),
    inputs: { X: ['array<vec4f>', Q] },
    output: ['Y', 'array<f32>', heads * M * seqLen],
    resident: { K: ['array<f32>', transposedKeys(K, problem)] },
  });
}

const THREADS = 64;

export function softmax(
  program: WgslProgram,
  S: GpuBuffer,
  { heads, M, seqLen }: AttentionProblem,
): Promise<GpuBuffer> {
  // S [heads,M,seqLen] f32 → P [heads,M,paddedKeys], zero past the keys there are
  const paddedKeys = roundUp(seqLen, STEP);
  const fold = (combine: string) => `
  partials[at] = value;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    if (at < half) { partials[at] = ${combine}; }
    workgroupBarrier();
  }
  let folded = partials[0];
  workgroupBarrier();
  return folded;`;
  return program.shader({
    code: `
var<workgroup> partials : array<f32, ${THREADS}>;
fn largestOf(value : f32, at : u32) -> f32 {${fold('max(partials[at], partials[at + half])')}
}
fn sumOf(value : f32, at : u32) -> f32 {${fold('partials[at] + partials[at + half]')}
}
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) at : u32, @builtin(workgroup_id) group : vec3u) {
  let row = group.y * ${M}u + group.x;
  let start = row * ${seqLen}u;
  var value = ${HIDDEN};
  for (var j = at; j < ${seqLen}u; j += ${THREADS}u) { value = max(value, S[start + j]); }
  let largest = largestOf(value, at);
  var part = 0.0;
  for (var j = at; j < ${seqLen}u; j += ${THREADS}u) { part += exp(S[start + j] - largest); }
  let sum = sumOf(part, at);
  for (var j = at; j < ${paddedKeys}u; j += ${THREADS}u) {
    P[row * ${paddedKeys}u + j] = select(0.0, exp(S[start + min(j, ${seqLen - 1}u)] - largest) / sum, j < ${seqLen}u);
  }
}`,
    workgroups: [M, heads, 1],
    inputs: { S: ['array<f32>', S] },
    output: ['P', 'array<f32>', heads * M * paddedKeys],
    resident: {},
  });
}

function weightedValues(
  program: WgslProgram,
  P: GpuBuffer,
  V: Float32Array,
  { heads, M, seqLen, headDim }: AttentionProblem,
): Promise<GpuBuffer> {
  // P [heads,M,paddedKeys] f32, V [heads,paddedKeys,headDim] f32 → O [heads,M,headDim]
  const paddedKeys = roundUp(seqLen, STEP);
  const padded = new Float32Array(heads * paddedKeys * headDim);
  for (let h = 0; h < heads; h++) {
    padded.set(V.subarray(h * seqLen * headDim, (h + 1) * seqLen * headDim), h * paddedKeys * headDim);
  }
  return program.shader({
    ...matmulShader(
      { M, N: headDim, K: seqLen, batch: heads },
      {
        sum: 'f32',
        code: `${FLOAT_STEP}${floatColumns('V')}
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum; }`,
      },
    ),
    inputs: { X: ['array<vec4f>', P] },
    output: ['Y', 'array<f32>', heads * M * headDim],
    resident: { V: ['array<f32>', padded] },
  });
}

/** K [heads, seqLen, headDim] as [heads, paddedDim, seqLen]. */
function transposedKeys(K: Float32Array, { heads, seqLen, headDim }: AttentionProblem): Float32Array {
  const paddedDim = roundUp(headDim, STEP);
  const transposed = new Float32Array(heads * paddedDim * seqLen);
  for (let h = 0; h < heads; h++) {
    for (let j = 0; j < seqLen; j++) {
      for (let d = 0; d < headDim; d++) {
        transposed[(h * paddedDim + d) * seqLen + j] = K[(h * seqLen + j) * headDim + d];
      }
    }
  }
  return transposed;
}
