import type { Gpu, Resident, Thread } from '../../bench/backends/gpujs.ts';
import type { MatmulProblem } from '../../bench/problem.ts';
import type { KernelContext, PreparedKernel } from '../../bench/technique.ts';
import { columnThreads, placeOf, prepareMatmul, roundUp, rowThreads } from './gpu-matmul.ts';
import type { DenseWeights } from './technique.ts';

type Context = KernelContext<'matmul', DenseWeights, Record<never, never>, Gpu>;

export function gpuDense({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, K } = problem;
  const paddedK = roundUp(K, 4);
  const constants = { K: paddedK, W: paddedWeights(packed.values, problem, paddedK) };
  return prepareMatmul(runtime, problem, {
    paddedK,
    storedBytes: packed.values.byteLength,
    build: (program, X) =>
      M === 1
        ? program.step(fourColumns, { threads: columnThreads(problem), constants, inputs: [X] })
        : program.step(fourRows, { threads: rowThreads(problem), constants, inputs: [X] }),
    place: placeOf(problem),
  });
}

function fourRows(this: Thread<{ K: number; W: number[][] }>, X: number[][]): number[] {
  // X [paddedM,K] f32, W [paddedN,K] f32 → Y [paddedM/4, paddedN, 4]
  const n = this.thread.x;
  const m = this.thread.y * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.K; k += 4) {
    const w0 = this.constants.W[n][k];
    const w1 = this.constants.W[n][k + 1];
    const w2 = this.constants.W[n][k + 2];
    const w3 = this.constants.W[n][k + 3];
    y0 += X[m][k] * w0 + X[m][k + 1] * w1 + X[m][k + 2] * w2 + X[m][k + 3] * w3;
    y1 += X[m + 1][k] * w0 + X[m + 1][k + 1] * w1 + X[m + 1][k + 2] * w2 + X[m + 1][k + 3] * w3;
    y2 += X[m + 2][k] * w0 + X[m + 2][k + 1] * w1 + X[m + 2][k + 2] * w2 + X[m + 2][k + 3] * w3;
    y3 += X[m + 3][k] * w0 + X[m + 3][k + 1] * w1 + X[m + 3][k + 2] * w2 + X[m + 3][k + 3] * w3;
  }
  return [y0, y1, y2, y3];
}

function fourColumns(this: Thread<{ K: number; W: number[][] }>, X: number[][]): number[] {
  // X [1,K] f32, W [paddedN,K] f32 → Y [paddedN/4, 4]
  const n = this.thread.x * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.K; k += 4) {
    const x0 = X[0][k];
    const x1 = X[0][k + 1];
    const x2 = X[0][k + 2];
    const x3 = X[0][k + 3];
    y0 +=
      x0 * this.constants.W[n][k] +
      x1 * this.constants.W[n][k + 1] +
      x2 * this.constants.W[n][k + 2] +
      x3 * this.constants.W[n][k + 3];
    y1 +=
      x0 * this.constants.W[n + 1][k] +
      x1 * this.constants.W[n + 1][k + 1] +
      x2 * this.constants.W[n + 1][k + 2] +
      x3 * this.constants.W[n + 1][k + 3];
    y2 +=
      x0 * this.constants.W[n + 2][k] +
      x1 * this.constants.W[n + 2][k + 1] +
      x2 * this.constants.W[n + 2][k + 2] +
      x3 * this.constants.W[n + 2][k + 3];
    y3 +=
      x0 * this.constants.W[n + 3][k] +
      x1 * this.constants.W[n + 3][k + 1] +
      x2 * this.constants.W[n + 3][k + 2] +
      x3 * this.constants.W[n + 3][k + 3];
  }
  return [y0, y1, y2, y3];
}

function paddedWeights(W: Float32Array, { N, K }: MatmulProblem, paddedK: number): Resident {
  const paddedN = roundUp(N, 4);
  const values = new Float32Array(paddedN * paddedK);
  for (let n = 0; n < N; n++) values.set(W.subarray(n * K, (n + 1) * K), n * paddedK);
  return { size: [paddedK, paddedN], values };
}
