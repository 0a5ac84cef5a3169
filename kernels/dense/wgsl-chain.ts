// Two dense products one after another in WGSL, with a bias and ReLU between them where that is asked for.
import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { Chain, ChainKernel } from './gpu-chain.ts';
import { roundUp } from './gpu-matmul.ts';
import { FLOAT_STEP, matmulShader, STEP } from './wgsl-matmul.ts';

const CODE = `${FLOAT_STEP}
fn weights(n : u32, step : u32) -> vec4f { return W[step * N + n]; }`;
const PRODUCT = `${CODE}
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum; }`;
const RECTIFIED = `${CODE}
fn result(sum : f32, m : u32, n : u32) -> f32 { return max(sum + bias[n], 0.0); }`;
const LANES = 64;

/** X [M,K] f32 → Y [M,N] = f(X·firstᵀ)·secondᵀ, the first as wide as whole steps of the second. */
export async function prepareWgslChain(runtime: Wgsl, chain: Chain): Promise<ChainKernel> {
  // X [M,paddedK] f32, first [paddedK/4,width,4] f32 → inner [M,width]; second [width/4,N,4] f32 → Y [M,N]
  const { M, N, K, inner, relu, storedBytes } = chain;
  const width = roundUp(inner, STEP);
  const paddedK = roundUp(K, STEP);
  const program = runtime.createProgram();
  const input = program.input([paddedK, M]);
  const bias = new Float32Array(width);
  bias.set(relu?.bias ?? []);
  const ofBias = { bias: ['array<f32>', bias] } as const;
  const output = ['Y', 'array<f32>', M * width] as const;
  const product = await program.shader({
    ...matmulShader({ M, N: width, K, batch: 1 }, { code: relu?.isFused ? RECTIFIED : PRODUCT, sum: 'f32' }),
    inputs: { X: ['array<vec4f>', input] },
    output,
    resident: { W: ['array<vec4f>', bySteps(chain.first, inner, K, width)], ...(relu?.isFused && ofBias) },
  });
  const hidden =
    relu === undefined || relu.isFused
      ? product
      : await program.shader({
          code: `@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id : vec3u) {
  if (id.x < ${M * width}u) { Y[id.x] = max(X[id.x] + bias[id.x % ${width}u], 0.0); }
}`,
          workgroups: [Math.ceil((M * width) / LANES), 1, 1],
          inputs: { X: ['array<f32>', product] },
          output,
          resident: ofBias,
        });
  const result = await program.shader({
    ...matmulShader({ M, N, K: width, batch: 1 }, { code: PRODUCT, sum: 'f32' }),
    inputs: { X: ['array<vec4f>', hidden] },
    output: ['Y', 'array<f32>', M * N],
    resident: { W: ['array<vec4f>', bySteps(chain.second, N, inner, N)] },
  });
  const padded = new Float32Array(M * paddedK);
  return {
    upload: ({ X }) => {
      for (let m = 0; m < M; m++) padded.set(X.subarray(m * K, (m + 1) * K), m * paddedK);
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: () => program.read(result),
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - storedBytes),
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
