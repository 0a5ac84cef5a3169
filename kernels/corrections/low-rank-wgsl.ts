// A low-rank correction in WGSL: two thin products, of which the second adds what the weights gave already. The product's own shader
// has no buffer to spare on devices that bind but eight.
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import { STEP } from '../dense/wgsl-matmul.ts';
import { transpose } from '../transpose.ts';
import type { LowRank } from './low-rank.ts';

const THREADS = 64;

/** Y [M,N] + (X·downᵀ)·upᵀ, of X [M, 4·steps] as the weights meet it. */
export async function addCorrection(
  program: WgslProgram,
  { M, N, K }: MatmulProblem,
  { down, up }: LowRank,
  X: GpuBuffer,
  Y: GpuBuffer,
): Promise<GpuBuffer> {
  const rank = down.length / K;
  const thin = await thinRows(program, { M, K, rank }, down, X);
  return program.shader({
    code: `
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id : vec3u) {
  let n = id.x;
  if (n >= ${N}u) { return; }
  var sum = 0.0;
  for (var r = 0u; r < ${rank}u; r++) { sum = fma(thin[id.y * ${rank}u + r], up[r * ${N}u + n], sum); }
  corrected[id.y * ${N}u + n] = Y[id.y * ${N}u + n] + sum;
}`,
    workgroups: [Math.ceil(N / THREADS), M, 1],
    inputs: { thin: ['array<f32>', thin], Y: ['array<f32>', Y] },
    output: ['corrected', 'array<f32>', M * N],
    resident: { up: ['array<f32>', transpose(up, N, rank)] },
  });
}

/** X·downᵀ [M,rank]: a workgroup for each sum along K. */
function thinRows(
  program: WgslProgram,
  { M, K, rank }: { readonly M: number; readonly K: number; readonly rank: number },
  down: Float32Array,
  X: GpuBuffer,
): Promise<GpuBuffer> {
  const steps = Math.ceil(K / STEP);
  const padded = new Float32Array(rank * steps * STEP);
  for (let r = 0; r < rank; r++) padded.set(down.subarray(r * K, (r + 1) * K), r * steps * STEP);
  return program.shader({
    code: `
var<workgroup> sums : array<f32, ${THREADS}>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) at : u32, @builtin(workgroup_id) group : vec3u) {
  var sum = 0.0;
  for (var step = at; step < ${steps}u; step += ${THREADS}u) {
    sum += dot(X[group.y * ${steps}u + step], down[group.x * ${steps}u + step]);
  }
  sums[at] = sum;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    if (at < half) { sums[at] += sums[at + half]; }
    workgroupBarrier();
  }
  if (at == 0u) { thin[group.y * ${rank}u + group.x] = sums[0]; }
}`,
    workgroups: [rank, M, 1],
    inputs: { X: ['array<vec4f>', X] },
    output: ['thin', 'array<f32>', M * rank],
    resident: { down: ['array<vec4f>', padded] },
  });
}
