import type { MatmulProblem } from '../../bench/contract/problem.ts';
import { type Gpu, isOfGpu, type Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { LowRank } from '../corrections/low-rank.ts';
import { denseProduct, paddedWeights } from '../dense/gpu.ts';
import { paddedRows, placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { lowRankBytes } from './pack.ts';

type Context = KernelContext<'matmul', LowRank, Record<string, unknown>, Gpu>;
type FactorConstants = { fours: number; W: number[][] };
type VectorConstants = { fours: number; W: number[][][] };

/** One of the two products is a dense one as it is; the other reads or writes thin rows in the order the dense one has them. */
export function gpuLowRank(context: Context): Promise<PreparedKernel<'matmul'>> {
  const { packed, problem, runtime } = context;
  const rank = packed.down.length / problem.K;
  const first = { ...problem, N: rank };
  const second = { ...problem, K: rank };
  const factors = {
    down: paddedWeights(packed.down, first, roundUp(problem.K, 4)),
    up: paddedWeights(packed.up, second, roundUp(rank, 4)),
  };
  return isOfGpu(runtime.mode) ? onGpu(context, factors, second) : onHost(context, factors, first);
}

type Factors = Record<'down' | 'up', ReturnType<typeof paddedWeights>>;

function onGpu(
  { packed, problem, runtime }: Context,
  { down, up }: Factors,
  second: MatmulProblem,
): Promise<PreparedKernel<'matmul'>> {
  const [paddedK, rank] = [down.size[0], up.size[0]];
  const product = denseProduct(runtime, second, up);
  return prepareMatmul(runtime, problem, {
    paddedK,
    storedBytes: lowRankBytes(packed),
    build: async (program, X) => {
      const thin = await program.step(thinFours, {
        threads: [rank / 4, paddedRows(problem.M)],
        constants: { fours: paddedK / 4, W: { vectors: down } },
        inputs: [{ vectors: X }] as const,
      });
      return product.build(program, thin);
    },
    place: product.place,
  });
}

function onHost(
  { packed, problem, runtime }: Context,
  { down, up }: Factors,
  first: MatmulProblem,
): Promise<PreparedKernel<'matmul'>> {
  const constants = { fours: up.size[0] / 4, W: up };
  const product = denseProduct(runtime, first, down);
  return prepareMatmul(runtime, problem, {
    paddedK: down.size[0],
    storedBytes: lowRankBytes(packed),
    build: async (program, X) => {
      const inputs = [await product.build(program, X)] as const;
      return problem.M === 1
        ? program.step(oneColumn, { threads: [roundUp(problem.N, 4)], constants, inputs })
        : program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
    },
    place: placeOf(problem),
  });
}

/** Four columns of a row, side by side for the dense product that reads them. */
function thinFours(this: Thread<VectorConstants>, X: number[][][]): number[] {
  // X [paddedM, K/4, 4] f32, W [rank, K/4, 4] f32 → thin [paddedM, rank/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.fours; k++) {
    const x = X[this.thread.y][k];
    const w0 = this.constants.W[this.thread.x * 4][k];
    const w1 = this.constants.W[this.thread.x * 4 + 1][k];
    const w2 = this.constants.W[this.thread.x * 4 + 2][k];
    const w3 = this.constants.W[this.thread.x * 4 + 3][k];
    y0 += x[0] * w0[0] + x[1] * w0[1] + x[2] * w0[2] + x[3] * w0[3];
    y1 += x[0] * w1[0] + x[1] * w1[1] + x[2] * w1[2] + x[3] * w1[3];
    y2 += x[0] * w2[0] + x[1] * w2[1] + x[2] * w2[2] + x[3] * w2[3];
    y3 += x[0] * w3[0] + x[1] * w3[1] + x[2] * w3[2] + x[3] * w3[3];
  }
  return [y0, y1, y2, y3];
}

function fourRows(this: Thread<FactorConstants>, thin: number[][][]): number[] {
  // thin [paddedM/4, rank, 4] f32, W [paddedN, rank] f32 → Y [paddedM/4, paddedN, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let four = 0; four < this.constants.fours; four++) {
    for (let i = 0; i < 4; i++) {
      const w = this.constants.W[this.thread.x][four * 4 + i];
      y0 += thin[this.thread.y][four * 4 + i][0] * w;
      y1 += thin[this.thread.y][four * 4 + i][1] * w;
      y2 += thin[this.thread.y][four * 4 + i][2] * w;
      y3 += thin[this.thread.y][four * 4 + i][3] * w;
    }
  }
  return [y0, y1, y2, y3];
}

function oneColumn(this: Thread<FactorConstants>, thin: number[][]): number {
  // thin [rank/4, 4] f32, W [paddedN, rank] f32 → Y [paddedN]
  let y = 0;
  for (let four = 0; four < this.constants.fours; four++) {
    y +=
      thin[four][0] * this.constants.W[this.thread.x][four * 4] +
      thin[four][1] * this.constants.W[this.thread.x][four * 4 + 1] +
      thin[four][2] * this.constants.W[this.thread.x][four * 4 + 2] +
      thin[four][3] * this.constants.W[this.thread.x][four * 4 + 3];
  }
  return y;
}
