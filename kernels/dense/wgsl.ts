import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from './gpu-matmul.ts';
import type { DenseWeights } from './weights.ts';
import { FLOAT_STEP, prepareWgslMatmul, STEP } from './wgsl-matmul.ts';

type Context = KernelContext<'matmul', DenseWeights, Record<never, never>, Wgsl>;

export function wgslDense({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { N, K } = problem;
  // X [M,paddedK] f32, W [paddedK/4,N,4] f32 → Y [M,N]
  const ordered = new Float32Array(roundUp(K, STEP) * N);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) ordered[(Math.floor(k / STEP) * N + n) * STEP + (k % STEP)] = packed.values[n * K + k];
  }
  return prepareWgslMatmul(runtime, problem, {
    storedBytes: packed.values.byteLength,
    sum: 'f32',
    activationType: 'array<vec4f>',
    resident: { W: ['array<vec4f>', ordered] },
    code: `${FLOAT_STEP}
fn weights(n : u32, step : u32) -> vec4f { return W[step * N + n]; }
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum; }`,
  });
}
