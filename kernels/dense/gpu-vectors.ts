// The dense product for GPUs, where four values cost little more to read at once than one. A thread computes four outputs,
// two rows of two columns: of all ways to choose four, the one that reads the fewest values.
import type { Thread } from '../../bench/contract/runtimes/gpujs.ts';

type Constants = { fours: number; W: number[][][] };

export function twoByTwoOfVectors(this: Thread<Constants>, X: number[][][]): number[] {
  // X [paddedM, K/4, 4] f32, W [paddedN, K/4, 4] f32 → Y [paddedM/2, paddedN/2, 2, 2]
  let y00 = 0;
  let y01 = 0;
  let y10 = 0;
  let y11 = 0;
  for (let k = 0; k < this.constants.fours; k++) {
    const a = X[this.thread.y * 2][k];
    const b = X[this.thread.y * 2 + 1][k];
    const v = this.constants.W[this.thread.x * 2][k];
    const w = this.constants.W[this.thread.x * 2 + 1][k];
    y00 += a[0] * v[0] + a[1] * v[1] + a[2] * v[2] + a[3] * v[3];
    y01 += a[0] * w[0] + a[1] * w[1] + a[2] * w[2] + a[3] * w[3];
    y10 += b[0] * v[0] + b[1] * v[1] + b[2] * v[2] + b[3] * v[3];
    y11 += b[0] * w[0] + b[1] * w[1] + b[2] * w[2] + b[3] * w[3];
  }
  return [y00, y01, y10, y11];
}

export function fourColumnsOfVectors(this: Thread<Constants>, X: number[][][]): number[] {
  // X [1, K/4, 4] f32, W [paddedN, K/4, 4] f32 → Y [paddedN/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.fours; k++) {
    const x = X[0][k];
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
