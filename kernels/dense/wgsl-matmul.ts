// What the WGSL kernels of the matmul techniques have in common. A technique says how four weights of a column come out
// of its packed form; the loops around that are here: register tiles for several rows of X, and for a single row columns
// whose steps along K are divided among the threads of a workgroup.
//
// Lanes that run together (neighbours in x) take neighbouring columns, so weights lie [K/4][N]: every load is of
// consecutive words. All of them read the same activations, which a GPU fetches once for all.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { Shader, Wgsl, WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from './gpu-matmul.ts';

/** Values along K that one step takes. */
export const STEP = 4;

export interface WgslMatmul {
  readonly variant?: string;
  /** Bytes of the packed weights. What the kernel's own form of them takes beyond counts as workspace. */
  readonly storedBytes: number;
  /** Type of a sum along K. */
  readonly sum: 'f32' | 'i32';
  /**
   * WGSL that may use M, N and STEPS and declares
   * - `activations(at)`, the at-th four of X along K in some form, and `weights(n, step)`, which go with those of a row
   * - `multiplyAdd(activations, weights, sum)`, the new sum
   * - `result(sum, m, n)`, what stands in Y as f32
   */
  readonly code: string;
  /**
   * How many steps one word of packed weights serves, where that is more than one. `code` then declares `word(n, i)` too, the
   * i-th word of column n, and `weights` takes a pointer to the word as its last argument: it uses up what belongs to its step
   * and leaves the rest. Has no effect on a single row of X.
   */
  readonly stepsOfWord?: number;
  readonly resident: Shader['resident'];
  /** The array `X` as `activations` reads it, made on the device from X [M, 4·STEPS]; X itself where not said. */
  activations?(program: WgslProgram, X: GpuBuffer): Promise<GpuBuffer>;
  readonly activationType: 'array<vec4f>' | 'array<u32>';
  /** Y [M,N] with what is added to the product, of the array `X`; the product itself where not said. */
  corrected?(program: WgslProgram, X: GpuBuffer, Y: GpuBuffer): Promise<GpuBuffer>;
}

/** `activations` and `multiplyAdd` where X is f32. */
export const FLOAT_STEP = `
fn activations(at : u32) -> vec4f { return X[at]; }
fn multiplyAdd(x : vec4f, w : vec4f, sum : f32) -> f32 {
  return fma(x.w, w.w, fma(x.z, w.z, fma(x.y, w.y, fma(x.x, w.x, sum))));
}`;

/** `weights` where they are f32 in a resident array [batch, 4·STEPS, N]. */
export function floatColumns(array: string): string {
  const rows = Array.from({ length: STEP }, (_, i) => `${array}[at + ${i}u * N]`);
  return `
fn weights(n : u32, step : u32) -> vec4f {
  let at = (batch * STEPS + step) * ${STEP}u * N + n;
  return vec4f(${rows.join(', ')});
}`;
}

export async function prepareWgslMatmul(
  wgsl: Wgsl,
  problem: MatmulProblem,
  plan: WgslMatmul,
): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const paddedK = roundUp(K, STEP);
  const program = wgsl.createProgram();
  const input = program.input([paddedK, M]);
  const X = (await plan.activations?.(program, input)) ?? input;
  const Y = await program.shader({
    ...matmulShader({ ...problem, batch: 1 }, plan),
    inputs: { X: [plan.activationType, X] },
    output: ['Y', 'array<f32>', M * N],
    resident: plan.resident,
  });
  const output = (await plan.corrected?.(program, X, Y)) ?? Y;
  const padded = new Float32Array(M * paddedK);
  return {
    upload: ({ X }) => {
      for (let m = 0; m < M; m++) padded.set(X.subarray(m * K, (m + 1) * K), m * paddedK);
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: () => program.read(output),
    variant: plan.variant,
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - plan.storedBytes),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}

/** As many products as `batch` says, one after another in Y; `code` finds its own as `batch`. */
export function matmulShader(
  { M, N, K, batch }: Readonly<Record<'M' | 'N' | 'K' | 'batch', number>>,
  { code, sum, stepsOfWord }: Pick<WgslMatmul, 'code' | 'sum' | 'stepsOfWord'>,
): Pick<Shader, 'code' | 'workgroups'> {
  const { loops, workgroups } = M === 1 ? oneRow(N, sum) : manyRows(M, N, sum, stepsOfWord);
  const text = `const M = ${M}u; const N = ${N}u; const STEPS = ${Math.ceil(K / STEP)}u;
var<private> batch : u32;
${code}
fn store(sum : ${sum}, m : u32, n : u32) {
  if (m < M && n < N) { Y[(batch * M + m) * N + n] = result(sum, m, n); }
}
${loops}`;
  return { code: text, workgroups: [...workgroups, batch] };
}

/** Threads side by side, each with columns of its own. */
export const LANES = 16;
const SLICES = 8;

interface Loops {
  readonly loops: string;
  readonly workgroups: readonly [x: number, y: number];
}

/** A workgroup for 16 columns; 8 threads share the steps of each, and one adds up their sums in workgroup memory. */
function oneRow(N: number, sum: WgslMatmul['sum']): Loops {
  const loops = `
var<workgroup> sums : array<${sum}, ${LANES * SLICES}>;
@compute @workgroup_size(${LANES}, ${SLICES})
fn main(@builtin(local_invocation_id) id : vec3u, @builtin(local_invocation_index) at : u32,
        @builtin(workgroup_id) group : vec3u) {
  batch = group.z;
  let n = group.x * ${LANES}u + id.x;
  let column = min(n, N - 1u);
  var sum = ${sum}(0);
  for (var step = id.y; step < STEPS; step += ${SLICES}u) {
    sum = multiplyAdd(activations(batch * STEPS + step), weights(column, step), sum);
  }
  sums[at] = sum;
  workgroupBarrier();
  if (id.y == 0u) {
    for (var slice = 1u; slice < ${SLICES}u; slice++) { sum += sums[at + slice * ${LANES}u]; }
    store(sum, 0u, n);
  }
}`;
  return { loops, workgroups: [Math.ceil(N / LANES), 1] };
}

const TALL = 4;

/**
 * A thread computes 8 rows of 8 columns, 16 apart: 64 sums for 16 loads. With what is loaded that takes about 100 of the 128
 * registers that smaller GPUs give a thread. Where M or N is too small for that, it computes 4. A row or column past the end
 * is computed as a copy of the last one, which is not stored.
 */
function manyRows(M: number, N: number, sum: WgslMatmul['sum'], stepsOfWord: number | undefined): Loops {
  const rows = M > 4 ? 8 : 4;
  const columns = M > 4 && N > 4 * LANES ? 8 : 4;
  const each = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i));
  const held = (j: number) => (stepsOfWord === undefined ? '' : `, &word${j}`);
  const multiplyRow = (i: number) =>
    `{ let x = activations(row${i} + step);
      ${each(columns, (j) => `sum${i}_${j} = multiplyAdd(x, w${j}, sum${i}_${j});`).join(' ')} }`;
  const storeRow = (i: number) => each(columns, (j) => `store(sum${i}_${j}, m + ${i}u, n + ${j * LANES}u);`).join(' ');
  const steps = (from: string, to: string) => `for (var step = ${from}; step < ${to}; step++) {
    ${each(columns, (j) => `let w${j} = weights(n${j}, step${held(j)});`).join('\n    ')}
    ${each(rows, multiplyRow).join('\n    ')}
  }`;
  const loops = `
@compute @workgroup_size(${LANES}, ${TALL})
fn main(@builtin(local_invocation_id) id : vec3u, @builtin(workgroup_id) group : vec3u) {
  batch = group.z;
  let n = group.x * ${LANES * columns}u + id.x;
  let m = (group.y * ${TALL}u + id.y) * ${rows}u;
  if (m >= M) { return; }
  ${each(columns, (j) => `let n${j} = min(n + ${j * LANES}u, N - 1u);`).join(' ')}
  ${each(rows, (i) => `let row${i} = (batch * M + min(m + ${i}u, M - 1u)) * STEPS;`).join(' ')}
  ${each(rows, (i) => each(columns, (j) => `var sum${i}_${j} = ${sum}(0);`).join(' ')).join('\n  ')}
  ${
    stepsOfWord === undefined
      ? steps('0u', 'STEPS')
      : `for (var i = 0u; i * ${stepsOfWord}u < STEPS; i++) {
  ${each(columns, (j) => `var word${j} = word(n${j}, i);`).join(' ')}
  ${steps(`i * ${stepsOfWord}u`, `min((i + 1u) * ${stepsOfWord}u, STEPS)`)}
  }`
  }
  ${each(rows, storeRow).join('\n  ')}
}`;
  return { loops, workgroups: [Math.ceil(N / (LANES * columns)), Math.ceil(M / (TALL * rows))] };
}
