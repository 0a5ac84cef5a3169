import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { FLOAT_STEP, prepareWgslMatmul, STEP } from '../dense/wgsl-matmul.ts';
import { planeStride } from '../grid/bits.ts';
import type { GridContext } from '../grid/context.ts';
import { bytesOf } from '../grid/layout.ts';

type Context = GridContext<Wgsl>;

export function wgslInt4({ packed, problem, grid, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  // X [M,paddedK] f32, W [ceil(K/8),N] of eight nibbles, scales [groups,N] f16 two to a word → Y [M,N]
  return prepareWgslMatmul(runtime, problem, {
    storedBytes: bytesOf(packed),
    sum: 'f32',
    activationType: 'array<vec4f>',
    resident: {
      W: ['array<u32>', nibblesByStep(packed.codes, problem)],
      scales: ['array<u32>', scalesByGroup(packed.scales!, problem.N)],
    },
    code: `${FLOAT_STEP}
fn weights(n : u32, step : u32) -> vec4f {
  let at = step / ${grid.layout.group / STEP}u * N + n;
  let scale = unpack2x16float(scales[at / 2u])[at % 2u];
  let nibbles = W[step / 2u * N + n] >> (step % 2u * 16u);
  return (vec4f((vec4u(nibbles) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u)) - 8.0) * scale;
}
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum; }`,
  });
}

const ZEROS = 0x88;

/** Values [N, K/2] as [ceil(K/8), N, 4], so that neighbouring columns are neighbours in memory. */
function nibblesByStep(values: Uint8Array, { N, K }: MatmulProblem): Uint8Array {
  const words = Math.ceil(K / 8);
  const stride = planeStride(K, 4);
  const ordered = new Uint8Array(words * N * 4).fill(ZEROS);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < stride; i++) ordered[((i >> 2) * N + n) * 4 + (i & 3)] = values[n * stride + i];
  }
  return ordered;
}

/** Scales [N, groups] as [groups, N]. */
function scalesByGroup(scales: Float16Array | Float32Array, N: number): Float16Array {
  const groups = scales.length / N;
  return Float16Array.from(scales, (_, i) => scales[(i % N) * groups + Math.floor(i / N)]);
}
