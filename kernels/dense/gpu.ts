import type { MatmulProblem } from '../../bench/contract/problem.ts';
import {
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Resident,
  type Thread,
} from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import {
  blockThreads,
  columnThreads,
  type MatmulPlan,
  placeInBlock,
  placeOf,
  prepareMatmul,
  roundUp,
  rowThreads,
} from './gpu-matmul.ts';
import { fourColumnsOfVectors, twoByTwoOfVectors } from './gpu-vectors.ts';
import type { DenseWeights } from './weights.ts';

type Context = KernelContext<'matmul', DenseWeights, Record<never, never>, Gpu>;
type Constants = { fours: number; W: number[][] };

export function gpuDense({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const paddedK = roundUp(problem.K, 4);
  const product = denseProduct(runtime, problem, paddedWeights(packed.values, problem, paddedK));
  return prepareMatmul(runtime, problem, { paddedK, storedBytes: packed.values.byteLength, ...product });
}

/** W [paddedN, paddedK] f32, where paddedK is a multiple of 4. */
export function denseProduct({ mode }: Gpu, problem: MatmulProblem, W: Resident): Pick<MatmulPlan, 'build' | 'place'> {
  const isOfVectors = isOfGpu(mode);
  return {
    build: (program, X) => (isOfVectors ? buildOfVectors(program, problem, X, W) : build(program, problem, X, W)),
    place: isOfVectors && problem.M > 1 ? placeInBlock(problem) : placeOf(problem),
  };
}

function build(program: GpuProgram, problem: MatmulProblem, X: GpuBuffer, W: Resident): Promise<GpuBuffer> {
  const constants = { fours: W.size[0] / 4, W };
  const inputs = [X] as const;
  return problem.M === 1
    ? program.step(fourColumns, { threads: columnThreads(problem), constants, inputs })
    : program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
}

function buildOfVectors(program: GpuProgram, problem: MatmulProblem, X: GpuBuffer, W: Resident): Promise<GpuBuffer> {
  const constants = { fours: W.size[0] / 4, W: { vectors: W } };
  const inputs = [{ vectors: X }] as const;
  return problem.M === 1
    ? program.step(fourColumnsOfVectors, { threads: columnThreads(problem), constants, inputs })
    : program.step(twoByTwoOfVectors, { threads: blockThreads(problem), constants, inputs });
}

/** For the modes on the host, where reads cost little beside arithmetic: a weight is read once for four rows. */
export function fourRows(this: Thread<Constants>, X: number[][]): number[] {
  // X [paddedM,K] f32, W [paddedN,K] f32 → Y [paddedM/4, paddedN, 4]
  const n = this.thread.x;
  const m = this.thread.y * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let four = 0; four < this.constants.fours; four++) {
    const k = four * 4;
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

export function fourColumns(this: Thread<Constants>, X: number[][]): number[] {
  // X [1,K] f32, W [paddedN,K] f32 → Y [paddedN/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.fours; k++) {
    const x0 = X[0][k * 4];
    const x1 = X[0][k * 4 + 1];
    const x2 = X[0][k * 4 + 2];
    const x3 = X[0][k * 4 + 3];
    y0 +=
      x0 * this.constants.W[this.thread.x * 4][k * 4] +
      x1 * this.constants.W[this.thread.x * 4][k * 4 + 1] +
      x2 * this.constants.W[this.thread.x * 4][k * 4 + 2] +
      x3 * this.constants.W[this.thread.x * 4][k * 4 + 3];
    y1 +=
      x0 * this.constants.W[this.thread.x * 4 + 1][k * 4] +
      x1 * this.constants.W[this.thread.x * 4 + 1][k * 4 + 1] +
      x2 * this.constants.W[this.thread.x * 4 + 1][k * 4 + 2] +
      x3 * this.constants.W[this.thread.x * 4 + 1][k * 4 + 3];
    y2 +=
      x0 * this.constants.W[this.thread.x * 4 + 2][k * 4] +
      x1 * this.constants.W[this.thread.x * 4 + 2][k * 4 + 1] +
      x2 * this.constants.W[this.thread.x * 4 + 2][k * 4 + 2] +
      x3 * this.constants.W[this.thread.x * 4 + 2][k * 4 + 3];
    y3 +=
      x0 * this.constants.W[this.thread.x * 4 + 3][k * 4] +
      x1 * this.constants.W[this.thread.x * 4 + 3][k * 4 + 1] +
      x2 * this.constants.W[this.thread.x * 4 + 3][k * 4 + 2] +
      x3 * this.constants.W[this.thread.x * 4 + 3][k * 4 + 3];
  }
  return [y0, y1, y2, y3];
}

export function paddedWeights(W: Float32Array, { N, K }: Pick<MatmulProblem, 'N' | 'K'>, paddedK: number): Resident {
  const paddedN = roundUp(N, 4);
  const values = new Float32Array(paddedN * paddedK);
  for (let n = 0; n < N; n++) values.set(W.subarray(n * K, (n + 1) * K), n * paddedK);
  return { size: [paddedK, paddedN], values };
}
