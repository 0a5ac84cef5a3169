import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { LowRank } from '../corrections/low-rank.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { FLOAT_STEP, matmulShader, STEP } from '../dense/wgsl-matmul.ts';
import { lowRankBytes } from './pack.ts';

type Context = KernelContext<'matmul', LowRank, Record<never, never>, Wgsl>;

const CODE = `${FLOAT_STEP}
fn weights(n : u32, step : u32) -> vec4f { return W[step * N + n]; }
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum; }`;

/** Two dense products, the first as wide as whole steps of the second. */
export async function wgslLowRank({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  // X [M,paddedK] f32, down [paddedK/4,width,4] f32 → thin [M,width]; up [width/4,N,4] f32 → Y [M,N]
  const { M, N, K } = problem;
  const rank = packed.down.length / K;
  const width = roundUp(rank, STEP);
  const paddedK = roundUp(K, STEP);
  const program = runtime.createProgram();
  const input = program.input([paddedK, M]);
  const thin = await program.shader({
    ...matmulShader({ M, N: width, K, batch: 1 }, { code: CODE, sum: 'f32' }),
    inputs: { X: ['array<vec4f>', input] },
    output: ['Y', 'array<f32>', M * width],
    resident: { W: ['array<vec4f>', bySteps(packed.down, rank, K, width)] },
  });
  const output = await program.shader({
    ...matmulShader({ M, N, K: width, batch: 1 }, { code: CODE, sum: 'f32' }),
    inputs: { X: ['array<vec4f>', thin] },
    output: ['Y', 'array<f32>', M * N],
    resident: { W: ['array<vec4f>', bySteps(packed.up, N, rank, N)] },
  });
  const padded = new Float32Array(M * paddedK);
  return {
    upload: ({ X }) => {
      for (let m = 0; m < M; m++) padded.set(X.subarray(m * K, (m + 1) * K), m * paddedK);
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: () => program.read(output),
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - lowRankBytes(packed)),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}

/** [N,K] as [paddedK/4, width, 4]. */
function bySteps(values: Float32Array, N: number, K: number, width: number): Float32Array {
  const ordered = new Float32Array(roundUp(K, STEP) * width);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) ordered[(Math.floor(k / STEP) * width + n) * STEP + (k % STEP)] = values[n * K + k];
  }
  return ordered;
}
