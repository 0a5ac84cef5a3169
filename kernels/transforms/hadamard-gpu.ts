// Walsh and Hadamard's transform in gpu.js: a step computes each value from up to 16 that lie a stride apart, so that a block of
// 4096 takes three on the host. GPUs take values four at a time, of which a last butterfly costs no step of its own.
import type { GpuBuffer, GpuProgram, Thread } from '../../bench/contract/runtimes/gpujs.ts';

/** Of the number of values that one is computed from. */
const MOST_BITS = 4;

type Constants = {
  /** Values, or fours of them, in a row; those after are zeros. */
  ends: number;
  radix: number;
  stride: number;
  /** 1 / stride and 1 / (stride · radix). */
  inStride: number;
  inSpan: number;
  isLast: number;
  signs: number[][];
};

/** X [rows, paddedK], each `block` of the K values in a row times H/√block, in f32. */
export async function turnBlocks(
  program: GpuProgram,
  X: GpuBuffer,
  K: number,
  block: number,
  isOfFours: boolean,
): Promise<GpuBuffer> {
  const [paddedK, rows] = X.size as readonly [number, number];
  const atATime = isOfFours ? 4 : 1;
  const passes = passesOf(Math.log2(block / atATime));
  const threads = [paddedK / atATime, rows] as const;
  let turned = X;
  let stride = 1;
  for (const [pass, bits] of passes.entries()) {
    const radix = 2 ** bits;
    const isLast = pass === passes.length - 1;
    const constants = {
      ...{ ends: K / atATime, radix, stride, inStride: 1 / stride, inSpan: 1 / (stride * radix) },
      isLast: isLast ? 1 : 0,
      signs: { size: [radix, radix], values: signsOf(radix, isLast ? 1 / Math.sqrt(block) : 1) },
    } as const;
    turned = isOfFours
      ? await program.step(turnFour, { threads, constants, inputs: [{ vectors: turned }] })
      : await program.step(turnOne, { threads, constants, inputs: [turned] });
    stride *= radix;
  }
  return turned;
}

/** As few passes as do, and as even as can be. */
function passesOf(bits: number): number[] {
  const count = Math.ceil(bits / MOST_BITS);
  return Array.from({ length: count }, (_, pass) => Math.floor((bits + pass) / count));
}

/** Hadamard's matrix [radix, radix] times a factor. */
function signsOf(radix: number, factor: number): Float32Array {
  const signs = new Float32Array(radix * radix).fill(factor);
  for (let i = 0; i < signs.length; i++) {
    for (let both = Math.floor(i / radix) & (i % radix); both > 0; both &= both - 1) signs[i] = -signs[i];
  }
  return signs;
}

function turnOne(this: Thread<Constants>, X: number[][]): number {
  // X [rows, paddedK] f32, signs [radix,radix] → [rows, paddedK]
  let sum = 0;
  if (this.thread.x < this.constants.ends) {
    const span = Math.floor((this.thread.x + 0.5) * this.constants.inSpan);
    const digit = Math.floor((this.thread.x + 0.5) * this.constants.inStride) - span * this.constants.radix;
    const first = this.thread.x - digit * this.constants.stride;
    for (let i = 0; i < this.constants.radix; i++) {
      sum += this.constants.signs[digit][i] * X[this.thread.y][first + i * this.constants.stride];
    }
  }
  return sum;
}

function turnFour(this: Thread<Constants>, X: number[][][]): number[] {
  // X [rows, paddedK/4, 4] f32, signs [radix,radix] → [rows, paddedK/4, 4]
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  if (this.thread.x < this.constants.ends) {
    const span = Math.floor((this.thread.x + 0.5) * this.constants.inSpan);
    const digit = Math.floor((this.thread.x + 0.5) * this.constants.inStride) - span * this.constants.radix;
    const first = this.thread.x - digit * this.constants.stride;
    for (let i = 0; i < this.constants.radix; i++) {
      const sign = this.constants.signs[digit][i];
      const x = X[this.thread.y][first + i * this.constants.stride];
      sum0 += sign * x[0];
      sum1 += sign * x[1];
      sum2 += sign * x[2];
      sum3 += sign * x[3];
    }
  }
  if (this.constants.isLast > 0) {
    const even = sum0 + sum1;
    const odd = sum0 - sum1;
    const evens = sum2 + sum3;
    const odds = sum2 - sum3;
    return [even + evens, odd + odds, even - evens, odd - odds];
  }
  return [sum0, sum1, sum2, sum3];
}
