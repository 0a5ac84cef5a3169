// int8 for GPUs, whose modes read four bytes at once: weights stay one to a byte, as they are packed.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { ResidentBytes, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import { roundUp } from '../dense/gpu-matmul.ts';

type Constants = { fours: number; scaleStride: number; W: number[][][]; scales: number[] };

/** Added to each weight, because kernels read bytes as 0 … 255. */
const BIAS = 128;

export function fourRowsOfBytes(this: Thread<Constants>, X: number[][][], xScales: number[]): number[] {
  // X [paddedM, K/4, 4], xScales [paddedM], W [paddedN, K/4, 4] bytes, scales [N] or [1] → Y [paddedM/4, paddedN, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.fours; k++) {
    const q = this.constants.W[this.thread.x][k];
    const w0 = Math.floor(q[0] * 255 + 0.5) - 128;
    const w1 = Math.floor(q[1] * 255 + 0.5) - 128;
    const w2 = Math.floor(q[2] * 255 + 0.5) - 128;
    const w3 = Math.floor(q[3] * 255 + 0.5) - 128;
    const x0 = X[this.thread.y * 4][k];
    const x1 = X[this.thread.y * 4 + 1][k];
    const x2 = X[this.thread.y * 4 + 2][k];
    const x3 = X[this.thread.y * 4 + 3][k];
    y0 += x0[0] * w0 + x0[1] * w1 + x0[2] * w2 + x0[3] * w3;
    y1 += x1[0] * w0 + x1[1] * w1 + x1[2] * w2 + x1[3] * w3;
    y2 += x2[0] * w0 + x2[1] * w1 + x2[2] * w2 + x2[3] * w3;
    y3 += x3[0] * w0 + x3[1] * w1 + x3[2] * w2 + x3[3] * w3;
  }
  const scale = this.constants.scales[this.thread.x * this.constants.scaleStride];
  return [
    y0 * xScales[this.thread.y * 4] * scale,
    y1 * xScales[this.thread.y * 4 + 1] * scale,
    y2 * xScales[this.thread.y * 4 + 2] * scale,
    y3 * xScales[this.thread.y * 4 + 3] * scale,
  ];
}

export function fourColumnsOfBytes(this: Thread<Constants>, X: number[][][], xScales: number[]): number[] {
  // X [1, K/4, 4], xScales [1], W [paddedN, K/4, 4] bytes, scales [N] or [1] → Y [paddedN/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.fours; k++) {
    const x = X[0][k];
    const q0 = this.constants.W[this.thread.x * 4][k];
    const q1 = this.constants.W[this.thread.x * 4 + 1][k];
    const q2 = this.constants.W[this.thread.x * 4 + 2][k];
    const q3 = this.constants.W[this.thread.x * 4 + 3][k];
    y0 += x[0] * (Math.floor(q0[0] * 255 + 0.5) - 128) + x[1] * (Math.floor(q0[1] * 255 + 0.5) - 128);
    y0 += x[2] * (Math.floor(q0[2] * 255 + 0.5) - 128) + x[3] * (Math.floor(q0[3] * 255 + 0.5) - 128);
    y1 += x[0] * (Math.floor(q1[0] * 255 + 0.5) - 128) + x[1] * (Math.floor(q1[1] * 255 + 0.5) - 128);
    y1 += x[2] * (Math.floor(q1[2] * 255 + 0.5) - 128) + x[3] * (Math.floor(q1[3] * 255 + 0.5) - 128);
    y2 += x[0] * (Math.floor(q2[0] * 255 + 0.5) - 128) + x[1] * (Math.floor(q2[1] * 255 + 0.5) - 128);
    y2 += x[2] * (Math.floor(q2[2] * 255 + 0.5) - 128) + x[3] * (Math.floor(q2[3] * 255 + 0.5) - 128);
    y3 += x[0] * (Math.floor(q3[0] * 255 + 0.5) - 128) + x[1] * (Math.floor(q3[1] * 255 + 0.5) - 128);
    y3 += x[2] * (Math.floor(q3[2] * 255 + 0.5) - 128) + x[3] * (Math.floor(q3[3] * 255 + 0.5) - 128);
  }
  const stride = this.constants.scaleStride;
  const n = this.thread.x * 4;
  return [
    y0 * xScales[0] * this.constants.scales[n * stride],
    y1 * xScales[0] * this.constants.scales[(n + 1) * stride],
    y2 * xScales[0] * this.constants.scales[(n + 2) * stride],
    y3 * xScales[0] * this.constants.scales[(n + 3) * stride],
  ];
}

/** Weights [paddedN, paddedK], each with the bias added. */
export function biasedBytes(weights: Int8Array, { N, K }: MatmulProblem, paddedK: number): ResidentBytes {
  const bytes = new Uint8Array(roundUp(N, 4) * paddedK).fill(BIAS);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) bytes[n * paddedK + k] = weights[n * K + k] + BIAS;
  }
  return { size: [paddedK, roundUp(N, 4)], bytes };
}
