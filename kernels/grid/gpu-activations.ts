// What happens to activations before a grid product in gpu.js: Hadamard's transform, rounding to int8, and sums of groups where weights have a min.
// Kernels for the modes on the host take values one by one, the others four at a time.
import {
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Size,
  type Thread,
} from '../../bench/contract/runtimes/gpujs.ts';
import { turnBlocks } from '../transforms/hadamard-gpu.ts';
import { ACTIVATION_BLOCK } from './activations.ts';
import type { ActivationRounding } from './choices.ts';
import type { GridContext } from './context.ts';

/** Length of a row of X, so that blocks of rounded values are whole. */
export function roundedLength(paddedK: number, rounding: ActivationRounding): number {
  return rounding === 'f32' ? paddedK : Math.ceil(paddedK / ACTIVATION_BLOCK) * ACTIVATION_BLOCK;
}

/** Values in a row of X and rows, whether steps before left single values or fours. */
export function extentsOf({ size }: GpuBuffer): readonly [K: number, rows: number] {
  return size.length === 3 ? [size[0] * size[1], size[2]] : [size[0], size[1] ?? 1];
}

/** X [rows, roundedLength] as the weights meet it: transformed, then rounded. */
export async function presentX(
  { runtime, problem, hadamard, activations }: GridContext<Gpu>,
  program: GpuProgram,
  X: GpuBuffer,
): Promise<GpuBuffer> {
  const isOfFours = isOfGpu(runtime.mode);
  const turned = hadamard === undefined ? X : await turnBlocks(program, X, problem.K, hadamard, isOfFours);
  return activations === 'f32' ? turned : roundActivations(program, turned, activations, isOfFours);
}

/**
 * X [rows, roundedLength] as integer × scale, in f32. The scale is a product since a quotient may be off by 2.5 ulp on a GPU;
 * the integer is put right by what is left, for the same reason.
 */
async function roundActivations(
  program: GpuProgram,
  X: GpuBuffer,
  rounding: 'int8' | 'int8-32',
  isOfFours: boolean,
): Promise<GpuBuffer> {
  const [K, rows] = extentsOf(X);
  const blocks = K / ACTIVATION_BLOCK;
  const ofBlocks = isOfFours
    ? await program.step(maximumOfFours, { threads: [blocks, rows], constants: {}, inputs: [{ vectors: X }] })
    : await program.step(blockMaximum, { threads: [blocks, rows], constants: {}, inputs: [X] });
  const maxima =
    rounding === 'int8-32'
      ? ofBlocks
      : await program.step(rowMaximum, { threads: [1, rows], constants: { blocks }, inputs: [ofBlocks] });
  // With one block a row every place is in block 0: a fraction that stays below 1.
  const place = (inBlock: number) => (rounding === 'int8-32' ? 1 / inBlock : 0.5 / K);
  if (!isOfFours) {
    const constants = { place: place(ACTIVATION_BLOCK) };
    return program.step(roundOne, { threads: [K, rows], constants, inputs: [X, maxima] });
  }
  const threads: Size = [K / 4, rows];
  const constants = { place: place(ACTIVATION_BLOCK / 4) };
  return program.step(roundFour, { threads, constants, inputs: [{ vectors: X }, maxima] });
}

function blockMaximum(this: Thread<Record<never, never>>, X: number[][]): number {
  // X [M,K] f32 → maxima [M, K/32]
  let largest = 0;
  for (let i = 0; i < 32; i++) largest = Math.max(largest, Math.abs(X[this.thread.y][this.thread.x * 32 + i]));
  return largest;
}

function maximumOfFours(this: Thread<Record<never, never>>, X: number[][][]): number {
  // X [M, K/4, 4] f32 → maxima [M, K/32]
  let largest = 0;
  for (let i = 0; i < 8; i++) {
    const x = X[this.thread.y][this.thread.x * 8 + i];
    largest = Math.max(
      largest,
      Math.max(Math.max(Math.abs(x[0]), Math.abs(x[1])), Math.max(Math.abs(x[2]), Math.abs(x[3]))),
    );
  }
  return largest;
}

function rowMaximum(this: Thread<{ blocks: number }>, maxima: number[][]): number {
  // maxima [M,blocks] → [M,1]
  let largest = 0;
  for (let i = 0; i < this.constants.blocks; i++) largest = Math.max(largest, maxima[this.thread.y][i]);
  return largest;
}

function roundOne(this: Thread<{ place: number }>, X: number[][], maxima: number[][]): number {
  // X [M,K] f32, maxima [M,blocks] → integer × scale [M,K]
  const largest = maxima[this.thread.y][Math.floor(this.thread.x * this.constants.place)];
  const scale = largest * 0.007874015748031496;
  const x = X[this.thread.y][this.thread.x];
  let rounded = 0;
  if (scale > 0) {
    const q = Math.floor(x / scale + 0.5);
    rounded = (q + Math.floor((x - q * scale) / scale + 0.5)) * scale;
  }
  return rounded;
}

function roundFour(this: Thread<{ place: number }>, X: number[][][], maxima: number[][]): number[] {
  // X [M, K/4, 4] f32, maxima [M,blocks] → integer × scale [M, K/4, 4]
  const x = X[this.thread.y][this.thread.x];
  const largest = maxima[this.thread.y][Math.floor(this.thread.x * this.constants.place)];
  const scale = largest * 0.007874015748031496;
  if (scale > 0) {
    const q0 = Math.floor(x[0] / scale + 0.5);
    const q1 = Math.floor(x[1] / scale + 0.5);
    const q2 = Math.floor(x[2] / scale + 0.5);
    const q3 = Math.floor(x[3] / scale + 0.5);
    return [
      (q0 + Math.floor((x[0] - q0 * scale) / scale + 0.5)) * scale,
      (q1 + Math.floor((x[1] - q1 * scale) / scale + 0.5)) * scale,
      (q2 + Math.floor((x[2] - q2 * scale) / scale + 0.5)) * scale,
      (q3 + Math.floor((x[3] - q3 * scale) / scale + 0.5)) * scale,
    ];
  }
  return [0, 0, 0, 0];
}

/** Σ x over each group [rows, groups], by which mins are multiplied; unread where there are none. */
export function sumGroups(
  program: GpuProgram,
  X: GpuBuffer,
  rows: number,
  { groups, group, hasMins }: { readonly groups: number; readonly group: number; readonly hasMins: number },
  isOfFours: boolean,
): GpuBuffer | Promise<GpuBuffer> {
  if (hasMins === 0) return program.input([1]);
  const threads: Size = [groups, rows];
  if (!isOfFours) return program.step(groupSum, { threads, constants: { group }, inputs: [X] });
  return program.step(groupSumOfFours, {
    threads,
    constants: { fours: Math.ceil(group / 4) },
    inputs: [{ vectors: X }],
  });
}

function groupSum(this: Thread<{ group: number }>, X: number[][]): number {
  // X [M,K] f32 → sums [M,groups]
  let sum = 0;
  for (let i = 0; i < this.constants.group; i++) sum += X[this.thread.y][this.thread.x * this.constants.group + i];
  return sum;
}

function groupSumOfFours(this: Thread<{ fours: number }>, X: number[][][]): number {
  // X [M, K/4, 4] f32 → sums [M,groups]
  let sum = 0;
  for (let i = 0; i < this.constants.fours; i++) {
    const x = X[this.thread.y][this.thread.x * this.constants.fours + i];
    sum += x[0] + x[1] + (x[2] + x[3]);
  }
  return sum;
}
