// Two products one after another in gpu.js. One of them is a dense one as it is; the other reads or writes the rows between them in the
// order that the dense one has them in. Between them there may be a bias and ReLU, as a step of their own or where the first leaves its sums.
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import {
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Resident,
  type Thread,
} from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { denseProduct, fourColumns, fourRows, paddedWeights } from './gpu.ts';
import { columnThreads, paddedRows, placeOf, prepareMatmul, roundUp, rowThreads } from './gpu-matmul.ts';
import { FOUR_COLUMNS, ONE_COLUMN, withRelu } from './gpu-relu.ts';

export interface Chain extends Pick<MatmulProblem, 'M' | 'N' | 'K'> {
  /** Values of a row between the products. */
  readonly inner: number;
  /** [inner,K] */
  readonly first: Float32Array;
  /** [N,inner] */
  readonly second: Float32Array;
  readonly relu?: { readonly bias: Float32Array; readonly isFused: boolean };
  /** Bytes of the packed weights. */
  readonly storedBytes: number;
}

type Constants = { fours: number; W: number[][] };
type VectorConstants = { fours: number; W: number[][][] };

/** Of any operation that takes X and gives Y. */
export type ChainKernel = Omit<PreparedKernel<'matmul'>, 'quantizeActivations'>;

/** X [M,K] f32 → Y [M,N] = f(X·firstᵀ)·secondᵀ. */
export function prepareChain(gpu: Gpu, chain: Chain): Promise<ChainKernel> {
  const { M, N, K, inner, storedBytes } = chain;
  const problem: MatmulProblem = { op: 'matmul', M, N, K, weights: '', seed: 0 };
  const [paddedK, width] = [roundUp(K, 4), roundUp(inner, 4)];
  const first = paddedWeights(chain.first, { N: inner, K }, paddedK);
  const second = paddedWeights(chain.second, { N, K: inner }, width);
  const bias = new Float32Array(width);
  bias.set(chain.relu?.bias ?? []);
  const relu = chain.relu && { bias: { size: [width], values: bias } as const, isFused: chain.relu.isFused };
  const parts: Parts = { problem, first, second, relu };
  return prepareMatmul(gpu, problem, {
    paddedK,
    storedBytes,
    ...(isOfGpu(gpu.mode) ? onGpu(gpu, parts) : onHost(parts)),
  });
}

interface Parts {
  readonly problem: MatmulProblem;
  readonly first: Resident;
  readonly second: Resident;
  readonly relu: { readonly bias: Resident; readonly isFused: boolean } | undefined;
}

type Plan = Pick<Parameters<typeof prepareMatmul>[2], 'build' | 'place'>;

function onGpu(gpu: Gpu, { problem, first, second, relu }: Parts): Plan {
  const width = second.size[0];
  const product = denseProduct(gpu, { ...problem, K: width }, second);
  const threads = [width / 4, paddedRows(problem.M)] as const;
  const constants = { fours: first.size[0] / 4, W: { vectors: first } } as const;
  return {
    build: async (program, X) => {
      const inputs = [{ vectors: X }] as const;
      if (relu?.isFused) {
        const source = withRelu(innerFours, FOUR_COLUMNS);
        const hidden = await program.step(source, { threads, constants: { ...constants, bias: relu.bias }, inputs });
        return product.build(program, hidden);
      }
      const inner = await program.step(innerFours, { threads, constants, inputs });
      const hidden = relu ? await rectify(program, inner, relu.bias, FOUR_COLUMNS, true) : inner;
      return product.build(program, hidden);
    },
    place: product.place,
  };
}

function onHost({ problem, first, second, relu }: Parts): Plan {
  const { M, N } = problem;
  const [width, isOne] = [second.size[0], M === 1];
  const wide = { M, N: width };
  const threads = isOne ? columnThreads(wide) : rowThreads(wide);
  const columns = isOne ? FOUR_COLUMNS : ONE_COLUMN;
  const constants = { fours: first.size[0] / 4, W: first };
  const ofSecond = { fours: width / 4, W: second };
  return {
    build: async (program, X) => {
      const source = isOne ? fourColumns : fourRows;
      const inputs = [X] as const;
      const inner = relu?.isFused
        ? await program.step(withRelu(source, columns), {
            threads,
            constants: { ...constants, bias: relu.bias },
            inputs,
          })
        : await program.step(source, { threads, constants, inputs });
      const hidden = relu && !relu.isFused ? await rectify(program, inner, relu.bias, columns, false) : inner;
      return isOne
        ? program.step(oneColumn, { threads: [roundUp(N, 4)], constants: ofSecond, inputs: [hidden] })
        : program.step(fourInnerRows, { threads: rowThreads(problem), constants: ofSecond, inputs: [hidden] });
    },
    place: placeOf(problem),
  };
}

type Biased = { bias: number[] };

/** relu(inner + bias), in the order that the inner rows are in. */
function rectify(
  program: GpuProgram,
  inner: GpuBuffer,
  bias: Resident,
  columns: readonly string[],
  isOfVectors: boolean,
): Promise<GpuBuffer> {
  const [, x, y]: readonly (number | undefined)[] = inner.size;
  const constants = { bias };
  if (x === undefined) throw new Error('rectify: must be of threads that return four, got others');
  const inputs = [inner] as const;
  if (y === undefined)
    return program.step<Biased, [number[][]]>(withRelu(four, columns), { threads: [x], constants, inputs });
  const threads = [x, y] as const;
  if (isOfVectors) {
    const vectors = [{ vectors: inner }] as const;
    return program.step<Biased, [number[][][]]>(withRelu(vector, columns), { threads, constants, inputs: vectors });
  }
  return program.step<Biased, [number[][][]]>(withRelu(fourOfRow, columns), { threads, constants, inputs });
}

function four(this: Thread<unknown>, inner: number[][]): number[] {
  // inner [width/4, 4] f32 → the same
  const y0 = inner[this.thread.x][0];
  const y1 = inner[this.thread.x][1];
  const y2 = inner[this.thread.x][2];
  const y3 = inner[this.thread.x][3];
  return [y0, y1, y2, y3];
}

function vector(this: Thread<unknown>, inner: number[][][]): number[] {
  // inner [rows, columns, 4] f32 → the same
  const y = inner[this.thread.y][this.thread.x];
  const y0 = y[0];
  const y1 = y[1];
  const y2 = y[2];
  const y3 = y[3];
  return [y0, y1, y2, y3];
}

function fourOfRow(this: Thread<unknown>, inner: number[][][]): number[] {
  // inner [rows, columns, 4] f32 → the same
  const y0 = inner[this.thread.y][this.thread.x][0];
  const y1 = inner[this.thread.y][this.thread.x][1];
  const y2 = inner[this.thread.y][this.thread.x][2];
  const y3 = inner[this.thread.y][this.thread.x][3];
  return [y0, y1, y2, y3];
}

/** Four columns of a row, side by side for the dense product that reads them. */
function innerFours(this: Thread<VectorConstants>, X: number[][][]): number[] {
  // X [paddedM, K/4, 4] f32, W [width, K/4, 4] f32 → inner [paddedM, width/4, 4]
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

function fourInnerRows(this: Thread<Constants>, inner: number[][][]): number[] {
  // inner [paddedM/4, width, 4] f32, W [paddedN, width] f32 → Y [paddedM/4, paddedN, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let four = 0; four < this.constants.fours; four++) {
    for (let i = 0; i < 4; i++) {
      const w = this.constants.W[this.thread.x][four * 4 + i];
      y0 += inner[this.thread.y][four * 4 + i][0] * w;
      y1 += inner[this.thread.y][four * 4 + i][1] * w;
      y2 += inner[this.thread.y][four * 4 + i][2] * w;
      y3 += inner[this.thread.y][four * 4 + i][3] * w;
    }
  }
  return [y0, y1, y2, y3];
}

function oneColumn(this: Thread<Constants>, inner: number[][]): number {
  // inner [width/4, 4] f32, W [paddedN, width] f32 → Y [paddedN]
  let y = 0;
  for (let four = 0; four < this.constants.fours; four++) {
    y +=
      inner[four][0] * this.constants.W[this.thread.x][four * 4] +
      inner[four][1] * this.constants.W[this.thread.x][four * 4 + 1] +
      inner[four][2] * this.constants.W[this.thread.x][four * 4 + 2] +
      inner[four][3] * this.constants.W[this.thread.x][four * 4 + 3];
  }
  return y;
}
