import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { Wgsl, WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { FLOAT_STEP, prepareWgslMatmul, STEP, type WgslMatmul } from '../dense/wgsl-matmul.ts';
import type { Granularity, Int8Weights } from './pack.ts';

type Params = { readonly granularity: Granularity; readonly activations: 'f32' | 'int8' };
type Context = KernelContext<'matmul', Int8Weights, Params, Wgsl>;

export function wgslInt8({ packed, problem, params, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const arithmetic = params.activations === 'f32' ? floatArithmetic(runtime) : integerArithmetic(runtime, problem);
  return prepareWgslMatmul(runtime, problem, {
    ...arithmetic,
    storedBytes: packed.values.byteLength + packed.scales.byteLength,
    resident: { W: ['array<u32>', bytesByStep(packed.values, problem)], scales: ['array<f32>', packed.scales] },
    code: `${arithmetic.code}
fn scaleOf(n : u32) -> f32 { return scales[${packed.scales.length === 1 ? '0' : 'n'}]; }`,
  });
}

type Arithmetic = Pick<WgslMatmul, 'variant' | 'sum' | 'code' | 'activations' | 'activationType'>;

/** X stays f32: weights are widened as they are read. */
function floatArithmetic({ hasPackedDot }: Wgsl): Arithmetic {
  // X [M,paddedK] f32, W [paddedK/4,N] of four int8, scales [N] or [1] → Y [M,N]
  return {
    variant: hasPackedDot ? 'unpack4xI8' : 'shifts',
    sum: 'f32',
    activationType: 'array<vec4f>',
    code: `${FLOAT_STEP}
${hasPackedDot ? '' : UNPACK}
fn weights(n : u32, step : u32) -> vec4f { return vec4f(${unpack(hasPackedDot)}(W[step * N + n])); }
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum * scaleOf(n); }`,
  };
}

/** X is rounded to int8 by a shader before; products are added up as integers. */
function integerArithmetic({ hasPackedDot }: Wgsl, problem: MatmulProblem): Arithmetic {
  // X [M] scales, then [M,paddedK/4] of four int8; W [paddedK/4,N] of four int8, scales [N] or [1] → Y [M,N]
  return {
    variant: hasPackedDot ? 'dot4I8Packed' : 'shifts',
    sum: 'i32',
    activationType: 'array<u32>',
    activations: (program, X) => quantizeRows(program, X, problem),
    code: `${hasPackedDot ? '' : UNPACK + DOT}
fn activations(at : u32) -> u32 { return X[M + at]; }
fn weights(n : u32, step : u32) -> u32 { return W[step * N + n]; }
fn multiplyAdd(x : u32, w : u32, sum : i32) -> i32 { return sum + ${dot(hasPackedDot)}(x, w); }
fn result(sum : i32, m : u32, n : u32) -> f32 { return f32(sum) * bitcast<f32>(X[m]) * scaleOf(n); }`,
  };
}

function unpack(isBuiltIn: boolean): string {
  return isBuiltIn ? 'unpack4xI8' : 'unpackBytes';
}

function dot(isBuiltIn: boolean): string {
  return isBuiltIn ? 'dot4I8Packed' : 'dotBytes';
}

const UNPACK = `
fn unpackBytes(bytes : u32) -> vec4i { return vec4i(vec4u(bytes) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u); }`;
const DOT = `
fn dotBytes(a : u32, b : u32) -> i32 {
  let products = unpackBytes(a) * unpackBytes(b);
  return products.x + products.y + products.z + products.w;
}`;

const THREADS = 64;

/** A workgroup a row: its largest magnitude, then its values by four. */
function quantizeRows(program: WgslProgram, X: GpuBuffer, { M, K }: MatmulProblem): Promise<GpuBuffer> {
  const steps = Math.ceil(K / STEP);
  return program.shader({
    // X [M,paddedK] f32 → Q [M] scales as f32, then [M,paddedK/4] of four int8
    code: `
var<workgroup> largest : array<f32, ${THREADS}>;
fn magnitude(x : vec4f) -> f32 { return max(max(abs(x.x), abs(x.y)), max(abs(x.z), abs(x.w))); }
fn pack(x : vec4f, scale : f32) -> u32 {
  let bytes = bitcast<vec4u>(vec4i(clamp(floor(x / scale + 0.5), vec4f(-127), vec4f(127)))) & vec4u(255u);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) at : u32, @builtin(workgroup_id) group : vec3u) {
  let m = group.x;
  let row = m * ${steps}u;
  var most = 0.0;
  for (var step = at; step < ${steps}u; step += ${THREADS}u) { most = max(most, magnitude(X[row + step])); }
  largest[at] = most;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    if (at < half) { largest[at] = max(largest[at], largest[at + half]); }
    workgroupBarrier();
  }
  let scale = largest[0] / 127.0;
  if (at == 0u) { Q[m] = bitcast<u32>(scale); }
  for (var step = at; step < ${steps}u; step += ${THREADS}u) {
    Q[${M}u + row + step] = select(0u, pack(X[row + step], scale), scale > 0.0);
  }
}`,
    workgroups: [M, 1, 1],
    inputs: { X: ['array<vec4f>', X] },
    output: ['Q', 'array<u32>', M + M * steps],
    resident: {},
  });
}

/** W [N,K] as [paddedK/4, N, 4], so that neighbouring columns are neighbours in memory. */
function bytesByStep(values: Int8Array, { N, K }: MatmulProblem): Int8Array {
  const steps = Math.ceil(K / STEP);
  const ordered = new Int8Array(steps * N * STEP);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) ordered[(Math.floor(k / STEP) * N + n) * STEP + (k % STEP)] = values[n * K + k];
  }
  return ordered;
}
