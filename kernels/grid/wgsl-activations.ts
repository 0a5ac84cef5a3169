import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { Wgsl, WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import { STEP } from '../dense/wgsl-matmul.ts';
import { turnBlocks } from '../transforms/hadamard-wgsl.ts';
import { ACTIVATION_BLOCK } from './activations.ts';
import type { GridContext } from './context.ts';

const THREADS = 64;

// A quotient may be off by 2.5 ulp on a GPU, which is more than the near ties that are allowed for. So the scale is a product,
// which is as near as that of the reference, and an integer is put right by what is left.
const ROUND = `
const INVERSE_127 = 0.007874015748031496;
fn magnitude(x : vec4f) -> f32 { return max(max(abs(x.x), abs(x.y)), max(abs(x.z), abs(x.w))); }
fn rounded(x : vec4f, scale : f32) -> vec4f {
  if (scale == 0.0) { return vec4f(); }
  let q = floor(x / scale + 0.5);
  return (q + floor((x - q * scale) / scale + 0.5)) * scale;
}`;

/** X [M,paddedK] as the weights meet it: transformed, then rounded. */
export async function presentX(
  { problem, hadamard, activations }: GridContext<Wgsl>,
  program: WgslProgram,
  X: GpuBuffer,
): Promise<GpuBuffer> {
  const turned = hadamard === undefined ? X : await turnBlocks(program, X, problem, hadamard);
  if (activations === 'f32') return turned;
  return activations === 'int8' ? roundRows(program, turned, problem) : roundBlocks(program, turned, problem);
}

/** X [M,paddedK] f32 → integer × scale, in f32, by a scale for each row: a workgroup a row. */
function roundRows(program: WgslProgram, X: GpuBuffer, { M, K }: MatmulProblem): Promise<GpuBuffer> {
  const steps = Math.ceil(K / STEP);
  return program.shader({
    code: `${ROUND}
var<workgroup> largest : array<f32, ${THREADS}>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) at : u32, @builtin(workgroup_id) group : vec3u) {
  let row = group.x * ${steps}u;
  var most = 0.0;
  for (var step = at; step < ${steps}u; step += ${THREADS}u) { most = max(most, magnitude(X[row + step])); }
  largest[at] = most;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    if (at < half) { largest[at] = max(largest[at], largest[at + half]); }
    workgroupBarrier();
  }
  let scale = largest[0] * INVERSE_127;
  for (var step = at; step < ${steps}u; step += ${THREADS}u) { Q[row + step] = rounded(X[row + step], scale); }
}`,
    workgroups: [M, 1, 1],
    inputs: { X: ['array<vec4f>', X] },
    output: ['Q', 'array<vec4f>', M * steps * STEP],
    resident: {},
  });
}

/** The same by a scale for every 32 values along K: a thread a block. */
function roundBlocks(program: WgslProgram, X: GpuBuffer, { M, K }: MatmulProblem): Promise<GpuBuffer> {
  const steps = Math.ceil(K / STEP);
  const blocks = Math.ceil(K / ACTIVATION_BLOCK);
  return program.shader({
    code: `${ROUND}
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id : vec3u, @builtin(workgroup_id) group : vec3u) {
  if (id.x >= ${blocks}u) { return; }
  let row = group.y * ${steps}u;
  let first = row + id.x * ${ACTIVATION_BLOCK / STEP}u;
  let end = min(row + ${steps}u, first + ${ACTIVATION_BLOCK / STEP}u);
  var most = 0.0;
  for (var at = first; at < end; at++) { most = max(most, magnitude(X[at])); }
  for (var at = first; at < end; at++) { Q[at] = rounded(X[at], most * INVERSE_127); }
}`,
    workgroups: [Math.ceil(blocks / THREADS), M, 1],
    inputs: { X: ['array<vec4f>', X] },
    output: ['Q', 'array<vec4f>', M * steps * STEP],
    resident: {},
  });
}
