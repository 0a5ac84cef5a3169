// What the gpu.js kernels of all matmul techniques have in common: how activations get in and outputs come out. A thread
// computes four outputs, the most gpu.js lets it return, so that what it reads or decodes serves several times: four rows
// of Y, two rows of two columns, or four columns where there is only one row.
//
// gpu.js compiles a variable to an integer only if ++ is all that changes it. Any other variable becomes a float, and is
// converted each time it serves as an index. So the kernels for GPUs index by loop counters, and by thread.x and thread.y
// themselves instead of variables that hold them.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Gpu, GpuBuffer, GpuProgram, Size } from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';

export interface MatmulPlan {
  /** K rounded up to what a thread reads at once; activations beyond K are zero. */
  readonly paddedK: number;
  /**
   * X is laid out as [paddedM/4, paddedK, 4]: for each k the values of four rows of X stand side by side, and a thread that
   * works on four rows reads them at once. Only with more than one row.
   */
  readonly isInterleaved?: boolean;
  /**
   * X is laid out as [paddedK, columnsOfRows(M)], its transpose: the values of all rows for one k stand side by side, so that
   * a thread may jump to any k and still find four rows at once.
   */
  readonly isTransposed?: boolean;
  /** Bytes of the packed weights. What the kernel's own form of them takes beyond counts as workspace. */
  readonly storedBytes: number;
  /** Appends the steps that compute Y from X [paddedM, paddedK]. */
  build(program: GpuProgram, X: GpuBuffer): Promise<GpuBuffer>;
  /** Where Y[m,n] stands in the last step's output. */
  place(m: number, n: number): number;
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Rows a thread computes; one row alone isn't padded. */
export function paddedRows(M: number): number {
  return M === 1 ? 1 : roundUp(M, 4);
}

/** Length of a row of the transposed X: at least 8, because the GL modes lay rows of only four values out in another way. */
export function columnsOfRows(M: number): number {
  return Math.max(8, roundUp(M, 4));
}

/** Threads of a kernel that computes four rows of one column; the webasm mode takes four columns at a time. */
export function rowThreads({ M, N }: Pick<MatmulProblem, 'M' | 'N'>): Size {
  return [roundUp(N, 4), paddedRows(M) / 4];
}

/** Threads of a kernel that computes four columns of the only row. */
export function columnThreads({ N }: Pick<MatmulProblem, 'N'>): Size {
  return [roundUp(N, 4) / 4];
}

/** Where the outputs of these threads stand. */
export function placeOf({ M, N }: MatmulProblem): (m: number, n: number) => number {
  const paddedN = roundUp(N, 4);
  return M === 1 ? (_, n) => n : (m, n) => ((m >> 2) * paddedN + n) * 4 + (m & 3);
}

/** Threads of a kernel that computes two rows of two columns. */
export function blockThreads({ M, N }: MatmulProblem): Size {
  return [roundUp(N, 4) / 2, paddedRows(M) / 2];
}

/** Where the outputs of those stand. */
export function placeInBlock({ N }: MatmulProblem): (m: number, n: number) => number {
  const blocks = roundUp(N, 4) / 2;
  return (m, n) => ((m >> 1) * blocks + (n >> 1)) * 4 + (m & 1) * 2 + (n & 1);
}

export async function prepareMatmul(
  gpu: Gpu,
  { M, N, K }: MatmulProblem,
  { paddedK, isInterleaved = false, isTransposed = false, storedBytes, build, place }: MatmulPlan,
): Promise<PreparedKernel<'matmul'>> {
  const program = gpu.createProgram();
  const isFours = isInterleaved && M > 1;
  const rows = isTransposed ? columnsOfRows(M) : paddedRows(M);
  const input = program.input(isTransposed ? [rows, paddedK] : isFours ? [4, paddedK, rows / 4] : [paddedK, rows]);
  const output = await build(program, input);
  const padded = new Float32Array(rows * paddedK);
  const Y = new Float32Array(M * N);
  return {
    upload: ({ X }) => {
      for (let m = 0; m < M; m++) {
        const row = X.subarray(m * K, (m + 1) * K);
        if (isTransposed) interleave(row, padded, m, rows);
        else if (isFours) interleave(row, padded, (m >> 2) * paddedK * 4 + (m & 3), 4);
        else padded.set(row, m * paddedK);
      }
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: async () => {
      const values = await program.read(output);
      for (let m = 0; m < M; m++) for (let n = 0; n < N; n++) Y[m * N + n] = values[place(m, n)];
      return Y;
    },
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - storedBytes),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}

function interleave(row: Float32Array, into: Float32Array, from: number, stride: number): void {
  for (let k = 0; k < row.length; k++) into[from + k * stride] = row[k];
}
