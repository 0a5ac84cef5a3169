// What the WGSL kernels of CSR, and of 2:4 with one row of X, have in common: weights come in pairs, and a technique says
// which two a pair holds and in which columns they stand. Threads that run together take neighbouring rows of X. X is laid
// out transposed, so that what they read of a column is consecutive; weights and columns are the same for all of them.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Shader, Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';

export interface WgslSparse {
  /** Bytes of the packed weights. What the kernel's own form of them takes beyond counts as workspace. */
  readonly storedBytes: number;
  /** K up to the last column a pair may name. */
  readonly paddedK: number;
  /**
   * WGSL that declares `firstPair(n)`, where the pairs of row n of W begin (they end before `firstPair(n + 1)`), and
   * `pairAt(pair, n)`, which returns one of them as a `Pair`.
   */
  readonly code: string;
  /** Whether `code` also declares `scaleOf(n)`, which the sum of row n of W is multiplied by. */
  readonly isScaled: boolean;
  readonly resident: Shader['resident'];
}

/** `scaleOf`, and `weightsAt(pair)`, which takes one of the pairs in an array of int8, two to a word. */
export const INT8_PAIRS = `
fn scaleOf(n : u32) -> f32 { return scales[n]; }
fn weightsAt(pair : u32) -> vec2f {
  let two = values[pair >> 1u] >> (pair % 2u * 16u);
  return vec2f(vec2i(vec2u(two << 24u, two << 16u)) >> vec2u(24u));
}`;

export async function prepareWgslSparse(
  wgsl: Wgsl,
  problem: MatmulProblem,
  { storedBytes, paddedK, code, isScaled, resident }: WgslSparse,
): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const program = wgsl.createProgram();
  const input = program.input([M, paddedK]);
  const { loops, workgroups } = M === 1 ? oneRow(N, isScaled) : manyRows(M, N, isScaled);
  const output = await program.shader({
    code: `const M = ${M}u; const N = ${N}u;
struct Pair { weights : vec2f, columns : vec2u }
${code}
${loops}`,
    workgroups,
    inputs: { X: ['array<f32>', input] },
    output: ['Y', 'array<f32>', M * N],
    resident,
  });
  const transposed = new Float32Array(paddedK * M);
  const Y = new Float32Array(M * N);
  return {
    upload: ({ X }) => {
      for (let m = 0; m < M; m++) for (let k = 0; k < K; k++) transposed[k * M + m] = X[m * K + k];
      return program.upload(input, transposed);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: async () => {
      const values = await program.read(output);
      for (let m = 0; m < M; m++) for (let n = 0; n < N; n++) Y[m * N + n] = values[n * M + m];
      return Y;
    },
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - storedBytes),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}

interface Loops {
  readonly loops: string;
  readonly workgroups: Shader['workgroups'];
}

const SLICES = 8;
const COLUMNS = 8;

/** Eight threads share the pairs of a row of W; one adds up their sums in workgroup memory. */
function oneRow(N: number, isScaled: boolean): Loops {
  const loops = `
// X [paddedK] f32 → Y [N]
var<workgroup> sums : array<f32, ${SLICES * COLUMNS}>;
@compute @workgroup_size(${SLICES}, ${COLUMNS})
fn main(@builtin(local_invocation_id) id : vec3u, @builtin(local_invocation_index) at : u32,
        @builtin(workgroup_id) group : vec3u) {
  let n = group.x * ${COLUMNS}u + id.y;
  let row = min(n, N - 1u);
  let end = firstPair(row + 1u);
  var sum = 0.0;
  for (var i = firstPair(row) + id.x; i < end; i += ${SLICES}u) {
    let pair = pairAt(i, row);
    sum = fma(X[pair.columns.x], pair.weights.x, fma(X[pair.columns.y], pair.weights.y, sum));
  }
  sums[at] = sum;
  workgroupBarrier();
  if (id.x == 0u && n < N) {
    for (var slice = 1u; slice < ${SLICES}u; slice++) { sum += sums[at + slice]; }
    Y[n] = sum${isScaled ? ' * scaleOf(n)' : ''};
  }
}`;
  return { loops, workgroups: [Math.ceil(N / COLUMNS), 1, 1] };
}

const THREADS = 64;
const MOST_EACH = 8;

/**
 * A thread computes up to eight outputs of one row of W, 16 rows of X apart: what it reads of a pair serves them all. With
 * few rows of X more rows of W share a workgroup, so that few lanes are left without work of their own.
 */
function manyRows(M: number, N: number, isScaled: boolean): Loops {
  const lanes = M <= 4 ? 4 : M <= 8 ? 8 : 16;
  const tall = THREADS / lanes;
  const each = Math.min(MOST_EACH, Math.ceil(M / lanes));
  const lines = (line: (i: number) => string) => Array.from({ length: each }, (_, i) => line(i)).join('\n    ');
  const loops = `
// X [paddedK,M] f32 → Y [N,M]
@compute @workgroup_size(${lanes}, ${tall})
fn main(@builtin(local_invocation_id) id : vec3u, @builtin(workgroup_id) group : vec3u) {
  let n = group.y * ${tall}u + id.y;
  let m = group.x * ${lanes * each}u + id.x;
  if (n >= N) { return; }
  ${lines((i) => `let m${i} = min(m + ${lanes * i}u, M - 1u); var sum${i} = 0.0;`)}
  let end = firstPair(n + 1u);
  for (var i = firstPair(n); i < end; i++) {
    let pair = pairAt(i, n);
    let x = pair.columns * M;
    ${lines((i) => `sum${i} = fma(X[x.x + m${i}], pair.weights.x, fma(X[x.y + m${i}], pair.weights.y, sum${i}));`)}
  }
  ${isScaled ? 'let scale = scaleOf(n);\n  ' : ''}${lines((i) => `if (m + ${lanes * i}u < M) { Y[n * M + m + ${lanes * i}u] = sum${i}${isScaled ? ' * scale' : ''}; }`)}
}`;
  return { loops, workgroups: [Math.ceil(M / (lanes * each)), Math.ceil(N / tall), 1] };
}
