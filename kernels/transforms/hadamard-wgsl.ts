// Walsh and Hadamard's transform in WGSL: a workgroup a block, in workgroup memory; what is larger than that in a second shader.
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import { STEP } from '../dense/wgsl-matmul.ts';

type Rows = Pick<MatmulProblem, 'M' | 'K'>;

/** Values that fit the 16 KiB of workgroup memory every device has. */
const MOST_SHARED = 4096;
const MOST_THREADS = 128;

/** X [M,K] f32, each `block` of K times H/√block. */
export async function turnBlocks(program: WgslProgram, X: GpuBuffer, problem: Rows, block: number): Promise<GpuBuffer> {
  const shared = Math.min(block, MOST_SHARED);
  const turned = await turnShared(program, X, problem, shared, 1 / Math.sqrt(block));
  return shared === block ? turned : turnAcross(program, turned, problem, block / shared);
}

function turnShared(
  program: WgslProgram,
  X: GpuBuffer,
  { M, K }: Rows,
  block: number,
  scale: number,
): Promise<GpuBuffer> {
  const fours = block / STEP;
  const threads = Math.min(fours / 2, MOST_THREADS);
  return program.shader({
    code: `
var<workgroup> values : array<vec4f, ${fours}>;
fn turned(x : vec4f) -> vec4f {
  let pairs = vec4f(x.xz + x.yw, x.xz - x.yw);
  return vec4f(pairs.xz + pairs.yw, pairs.xz - pairs.yw);
}
@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_index) at : u32, @builtin(workgroup_id) group : vec3u) {
  let first = group.y * ${K / STEP}u + group.x * ${fours}u;
  for (var i = at; i < ${fours}u; i += ${threads}u) { values[i] = turned(X[first + i]); }
  for (var half = 1u; half < ${fours}u; half *= 2u) {
    workgroupBarrier();
    for (var pair = at; pair < ${fours / 2}u; pair += ${threads}u) {
      let i = pair * 2u - pair % half;
      let a = values[i];
      let b = values[i + half];
      values[i] = a + b;
      values[i + half] = a - b;
    }
  }
  workgroupBarrier();
  for (var i = at; i < ${fours}u; i += ${threads}u) { T[first + i] = values[i] * ${scale}; }
}`,
    workgroups: [K / block, M, 1],
    inputs: { X: ['array<vec4f>', X] },
    output: ['T', 'array<vec4f>', M * K],
    resident: {},
  });
}

/** Values of each `count` blocks that stand at the same place in them, without a factor. */
function turnAcross(program: WgslProgram, X: GpuBuffer, { M, K }: Rows, count: number): Promise<GpuBuffer> {
  const stride = MOST_SHARED / STEP;
  return program.shader({
    code: `
@compute @workgroup_size(${MOST_THREADS})
fn main(@builtin(global_invocation_id) id : vec3u) {
  let first = id.y * ${K / STEP}u + id.z * ${count * stride}u + id.x;
  var values : array<vec4f, ${count}>;
  for (var i = 0u; i < ${count}u; i++) { values[i] = X[first + i * ${stride}u]; }
  for (var half = 1u; half < ${count}u; half *= 2u) {
    for (var pair = 0u; pair < ${count / 2}u; pair++) {
      let i = pair * 2u - pair % half;
      let a = values[i];
      let b = values[i + half];
      values[i] = a + b;
      values[i + half] = a - b;
    }
  }
  for (var i = 0u; i < ${count}u; i++) { T[first + i * ${stride}u] = values[i]; }
}`,
    workgroups: [stride / MOST_THREADS, M, K / (count * MOST_SHARED)],
    inputs: { X: ['array<vec4f>', X] },
    output: ['T', 'array<vec4f>', M * K],
    resident: {},
  });
}
