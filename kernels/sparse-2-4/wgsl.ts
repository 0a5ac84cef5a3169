import type { Wgsl } from '../../bench/backends/gpujs-wgsl.ts';
import type { MatmulProblem } from '../../bench/problem.ts';
import type { KernelContext, PreparedKernel } from '../../bench/technique.ts';
import { prepareWgslSparse } from '../csr/wgsl-sparse.ts';
import { indexStride, paddedK, type Sparse24Weights } from './pack.ts';

type Context = KernelContext<'matmul', Sparse24Weights, Record<never, never>, Wgsl>;

const GROUPS_PER_WORD = 8;

export function wgslSparse24({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  // values [N,groups] of two f32, places [N, ceil(groups/8)] of eight groups, 4 bits each → Y
  const { values, indices } = packed;
  const groups = paddedK(problem.K) / 4;
  return prepareWgslSparse(runtime, problem, {
    storedBytes: values.byteLength + indices.byteLength,
    paddedK: groups * 4,
    resident: { values: ['array<vec2f>', values], places: ['array<u32>', wholeWords(indices, problem)] },
    code: `
const GROUPS = ${groups}u;
fn firstPair(n : u32) -> u32 { return n * GROUPS; }
fn pairAt(pair : u32, n : u32) -> Pair {
  let group = pair - n * GROUPS;
  let place = places[n * ${Math.ceil(groups / GROUPS_PER_WORD)}u + group / 8u] >> (group % 8u * 4u);
  return Pair(values[pair], vec2u(group * 4u) + (vec2u(place, place >> 2u) & vec2u(3u)));
}`,
  });
}

/** Rows of indices filled up to whole words of 32 bits. */
function wholeWords(indices: Uint8Array, { N, K }: MatmulProblem): Uint8Array {
  const stride = indexStride(K);
  const wordStride = Math.ceil(stride / 4) * 4;
  const padded = new Uint8Array(N * wordStride);
  for (let n = 0; n < N; n++) padded.set(indices.subarray(n * stride, (n + 1) * stride), n * wordStride);
  return padded;
}
