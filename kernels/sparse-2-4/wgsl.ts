import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Shader, Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { INT8_PAIRS, prepareWgslSparse } from '../csr/wgsl-sparse.ts';
import { FLOAT_STEP, prepareWgslMatmul } from '../dense/wgsl-matmul.ts';
import { indexStride, type PackedSparse24, paddedK, sparse24Bytes } from './pack.ts';

type Context = KernelContext<'matmul', PackedSparse24, Record<never, never>, Wgsl>;

/** Groups whose places, of 4 bits, fill a word. */
const GROUPS_PER_WORD = 8;

export function wgslSparse24(context: Context): Promise<PreparedKernel<'matmul'>> {
  return context.problem.M === 1 ? oneRow(context) : manyRows(context);
}

/** Reads of X only the columns of the kept weights. */
function oneRow({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  // values [N,groups] of two f32 (or two int8 with scales [N]), places [N, ceil(groups/8)] of eight groups, 4 bits each → Y
  const { values, indices } = packed;
  const groups = paddedK(problem.K) / 4;
  const isRounded = 'scales' in packed;
  return prepareWgslSparse(runtime, problem, {
    storedBytes: sparse24Bytes(packed),
    paddedK: groups * 4,
    isScaled: isRounded,
    resident: {
      values: [isRounded ? 'array<u32>' : 'array<vec2f>', values],
      places: ['array<u32>', wholeWords(indices, problem)],
      ...scalesOf(packed),
    },
    code: `${isRounded ? INT8_PAIRS : ''}
const GROUPS = ${groups}u;
fn firstPair(n : u32) -> u32 { return n * GROUPS; }
fn pairAt(pair : u32, n : u32) -> Pair {
  let group = pair - n * GROUPS;
  let place = places[n * ${Math.ceil(groups / GROUPS_PER_WORD)}u + group / 8u] >> (group % 8u * 4u);
  return Pair(${isRounded ? 'weightsAt(pair)' : 'values[pair]'}, vec2u(group * 4u) + (vec2u(place, place >> 2u) & vec2u(3u)));
}`,
  });
}

/**
 * Turns each group back into four weights, two of them zero, once it is in registers, and multiplies with the loops of the
 * dense kernel: choosing two of four activations for each product would cost more than multiplying by zero twice.
 */
function manyRows({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  // X [M,paddedK] f32, values [groups,N] of two f32 (or two int8 with scales [N]), places [ceil(groups/8),N] of eight groups,
  // 4 bits each → Y [M,N]
  const { values, indices } = packed;
  const isRounded = 'scales' in packed;
  return prepareWgslMatmul(runtime, problem, {
    storedBytes: sparse24Bytes(packed),
    sum: 'f32',
    activationType: 'array<vec4f>',
    resident: {
      values: [isRounded ? 'array<u32>' : 'array<vec2f>', byColumn(values, problem.N, 2)],
      places: ['array<u32>', byColumn(new Uint32Array(wholeWords(indices, problem).buffer), problem.N, 1)],
      ...scalesOf(packed),
    },
    stepsOfWord: GROUPS_PER_WORD,
    code: `${FLOAT_STEP}${isRounded ? INT8_PAIRS : ''}
fn word(n : u32, i : u32) -> u32 { return places[i * N + n]; }
fn weights(n : u32, step : u32, word : ptr<function, u32>) -> vec4f {
  let kept = ${isRounded ? 'weightsAt(step * N + n)' : 'values[step * N + n]'};
  let first = *word & 3u;
  let second = *word & 12u;
  *word >>= 4u;
  return vec4f(
    select(0.0, kept.x, first == 0u),
    select(select(0.0, kept.y, second == 4u), kept.x, first == 1u),
    select(select(0.0, kept.y, second == 8u), kept.x, first == 2u),
    select(0.0, kept.y, second == 12u),
  );
}
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum${isRounded ? ' * scaleOf(n)' : ''}; }`,
  });
}

function scalesOf(packed: PackedSparse24): Shader['resident'] {
  return 'scales' in packed ? { scales: ['array<f32>', packed.scales] } : {};
}

/** [N, count] of so many words each as [count, N], so that neighbouring columns are neighbours in memory. */
function byColumn<Words extends Float32Array | Int8Array | Uint32Array>(words: Words, N: number, each: number): Words {
  const ordered = words.slice() as Words;
  const count = words.length / each / N;
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < count * each; i++) {
      ordered[(Math.floor(i / each) * N + n) * each + (i % each)] = words[n * count * each + i];
    }
  }
  return ordered;
}

/** Rows of indices filled up to whole words of 32 bits. */
function wholeWords(indices: Uint8Array, { N, K }: MatmulProblem): Uint8Array<ArrayBuffer> {
  const stride = indexStride(K);
  const wordStride = Math.ceil(stride / 4) * 4;
  const padded = new Uint8Array(N * wordStride);
  for (let n = 0; n < N; n++) padded.set(indices.subarray(n * stride, (n + 1) * stride), n * wordStride);
  return padded;
}
