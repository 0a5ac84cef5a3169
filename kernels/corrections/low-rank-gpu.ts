// A low-rank correction in gpu.js: two thin products, of which the second adds what the weights gave already.
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import {
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Resident,
  type Size,
  type Thread,
} from '../../bench/contract/runtimes/gpujs.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { extentsOf } from '../grid/gpu-activations.ts';
import type { LowRank } from './low-rank.ts';

/**
 * Adds (X·downᵀ)·upᵀ to Y, of X [rows, paddedK] as the weights meet it. Y is laid out as the product's threads leave it, each with
 * `wide` columns of four rows together where there are several rows.
 */
export async function addCorrection(
  { mode }: Gpu,
  program: GpuProgram,
  { N, K }: MatmulProblem,
  correction: LowRank | undefined,
  X: GpuBuffer,
  Y: GpuBuffer,
  wide: 1 | 2,
): Promise<GpuBuffer> {
  if (correction === undefined) return Y;
  const rank = correction.down.length / K;
  const thin = await (isOfGpu(mode) ? thinOfFours : thinOfOnes)(program, correction, X, K);
  const paddedN = roundUp(N, 4);
  const values = new Float32Array(paddedN * rank);
  values.set(correction.up);
  const constants = { rank, up: { size: [rank, paddedN], values } } as const;
  const inputs = [thin, Y] as const;
  if (Y.size.length === 1) return program.step(addToColumns, { threads: Y.size, constants, inputs });
  if (Y.size.length === 2) return program.step(addToFours, { threads: Y.size, constants, inputs });
  const shape = { tall: 4 / wide, wide, inWide: 1 / wide };
  return program.step(addToBlocks, { threads: Y.size, constants: { ...constants, ...shape }, inputs });
}

function paddedDown({ down }: LowRank, K: number, paddedK: number): Resident {
  const rank = down.length / K;
  const values = new Float32Array(rank * paddedK);
  for (let r = 0; r < rank; r++) values.set(down.subarray(r * K, (r + 1) * K), r * paddedK);
  return { size: [paddedK, rank], values };
}

function thinOfOnes(program: GpuProgram, correction: LowRank, X: GpuBuffer, K: number): Promise<GpuBuffer> {
  const [, rows] = extentsOf(X);
  const threads: Size = [correction.down.length / K, rows];
  return program.step(thinOne, { threads, constants: { K, down: paddedDown(correction, K, K) }, inputs: [X] });
}

/** Too few threads to a row for a GPU, so a sum along K is cut into parts at most so many. */
const MOST_PARTS = 16;

async function thinOfFours(program: GpuProgram, correction: LowRank, X: GpuBuffer, K: number): Promise<GpuBuffer> {
  const [paddedK, rows] = extentsOf(X);
  const rank = correction.down.length / K;
  let parts = MOST_PARTS;
  while ((paddedK / 4) % parts > 0) parts--;
  const down = { vectors: paddedDown(correction, K, paddedK) };
  const ofParts = await program.step(thinPart, {
    threads: [rank, rows, parts],
    constants: { fours: paddedK / 4 / parts, down },
    inputs: [{ vectors: X }],
  });
  return program.step(sumOfParts, { threads: [rank, rows], constants: { parts }, inputs: [ofParts] });
}

function thinOne(this: Thread<{ K: number; down: number[][] }>, X: number[][]): number {
  // X [rows,paddedK] f32, down [rank,K] → thin [rows,rank]
  let sum = 0;
  for (let k = 0; k < this.constants.K; k++) {
    sum += X[this.thread.y][k] * this.constants.down[this.thread.x][k];
  }
  return sum;
}

function thinPart(this: Thread<{ fours: number; down: number[][][] }>, X: number[][][]): number {
  // X [rows, paddedK/4, 4] f32, down [rank, paddedK/4, 4] → [parts, rows, rank]
  let sum = 0;
  for (let i = 0; i < this.constants.fours; i++) {
    const x = X[this.thread.y][this.thread.z * this.constants.fours + i];
    const d = this.constants.down[this.thread.x][this.thread.z * this.constants.fours + i];
    sum += x[0] * d[0] + x[1] * d[1] + (x[2] * d[2] + x[3] * d[3]);
  }
  return sum;
}

function sumOfParts(this: Thread<{ parts: number }>, parts: number[][][]): number {
  // [parts, rows, rank] → thin [rows,rank]
  let sum = 0;
  for (let i = 0; i < this.constants.parts; i++) sum += parts[i][this.thread.y][this.thread.x];
  return sum;
}

type Add = { rank: number; up: number[][] };

function addToColumns(this: Thread<Add>, thin: number[][], Y: number[]): number {
  // thin [1,rank] f32, up [paddedN,rank], Y [paddedN] → the same of Y
  let y = 0;
  for (let r = 0; r < this.constants.rank; r++) y += thin[0][r] * this.constants.up[this.thread.x][r];
  return y + Y[this.thread.x];
}

function addToFours(this: Thread<Add>, thin: number[][], Y: number[][]): number {
  // thin [1,rank] f32, up [paddedN,rank], Y [paddedN/4, 4] → the same of Y
  let y = 0;
  for (let r = 0; r < this.constants.rank; r++) {
    y += thin[0][r] * this.constants.up[this.thread.y * 4 + this.thread.x][r];
  }
  return y + Y[this.thread.y][this.thread.x];
}

type Block = { tall: number; wide: number; inWide: number };

function addToBlocks(this: Thread<Add & Block>, thin: number[][], Y: number[][][]): number {
  // thin [paddedM,rank] f32, up [paddedN,rank], Y [paddedM/tall, paddedN/wide, 4] → the same of Y
  const row = Math.floor((this.thread.x + 0.5) * this.constants.inWide);
  const m = this.thread.z * this.constants.tall + row;
  const n = this.thread.y * this.constants.wide + (this.thread.x - row * this.constants.wide);
  let y = 0;
  for (let r = 0; r < this.constants.rank; r++) y += thin[m][r] * this.constants.up[n][r];
  return y + Y[this.thread.z][this.thread.y][this.thread.x];
}
