import type { MatmulProblem } from '../../bench/contract/problem.ts';
import { type Gpu, isOfGpu, type Resident, type Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { columnThreads, placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { planeStride } from '../grid/bits.ts';
import type { GridContext } from '../grid/context.ts';
import { bytesOf } from '../grid/layout.ts';
import { gpuInt4OfBytes } from './gpu-bytes.ts';
import { paddedScales } from './gpu-scales.ts';

type Context = GridContext<Gpu>;
type Constants = { groups: number; groupSize: number; sextets: number; W: number[][]; scales: number[][] };

// The modes on the host have f32 arrays only, which hold integers below 2²⁴ exactly: six weights to a value, as digits of base
// 16. Each group begins with a new value, and where six don't divide its size, the last value is filled up with zero weights.
const PER_VALUE = 6;
const ZERO_DIGIT = 8;

export function gpuInt4(context: Context): Promise<PreparedKernel<'matmul'>> {
  if (isOfGpu(context.runtime.mode)) return gpuInt4OfBytes(context);
  const { packed, problem, grid, runtime } = context;
  const { M, K } = problem;
  const { group: groupSize } = grid.layout;
  const groups = Math.ceil(K / groupSize);
  const sextets = Math.ceil(groupSize / PER_VALUE);
  const [W, scales] = resident(packed, problem, groupSize);
  const constants = { groups, groupSize, sextets, W, scales };
  return prepareMatmul(runtime, problem, {
    // The last group's last value is read to its end.
    paddedK: groups * groupSize + sextets * PER_VALUE - groupSize,
    storedBytes: bytesOf(packed),
    build: (program, X) =>
      M === 1
        ? program.step(fourColumns, { threads: columnThreads(problem), constants, inputs: [X] })
        : program.step(fourRows, { threads: rowThreads(problem), constants, inputs: [X] }),
    place: placeOf(problem),
  });
}

function fourRows(this: Thread<Constants>, X: number[][]): number[] {
  // X [paddedM,paddedK] f32, W [paddedN, groups·sextets] of six weights, scales [paddedN, groups]
  // → Y [paddedM/4, paddedN, 4]
  const n = this.thread.x;
  const m = this.thread.y * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let g = 0; g < this.constants.groups; g++) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let s = 0; s < this.constants.sextets; s++) {
      const k = g * this.constants.groupSize + s * 6;
      const digits = this.constants.W[n][g * this.constants.sextets + s];
      const rest1 = Math.floor(digits * 0.0625);
      const rest2 = Math.floor(rest1 * 0.0625);
      const rest3 = Math.floor(rest2 * 0.0625);
      const rest4 = Math.floor(rest3 * 0.0625);
      const rest5 = Math.floor(rest4 * 0.0625);
      const w0 = digits - rest1 * 16 - 8;
      const w1 = rest1 - rest2 * 16 - 8;
      const w2 = rest2 - rest3 * 16 - 8;
      const w3 = rest3 - rest4 * 16 - 8;
      const w4 = rest4 - rest5 * 16 - 8;
      const w5 = rest5 - 8;
      sum0 += X[m][k] * w0 + X[m][k + 1] * w1 + X[m][k + 2] * w2;
      sum1 += X[m + 1][k] * w0 + X[m + 1][k + 1] * w1 + X[m + 1][k + 2] * w2;
      sum2 += X[m + 2][k] * w0 + X[m + 2][k + 1] * w1 + X[m + 2][k + 2] * w2;
      sum3 += X[m + 3][k] * w0 + X[m + 3][k + 1] * w1 + X[m + 3][k + 2] * w2;
      sum0 += X[m][k + 3] * w3 + X[m][k + 4] * w4 + X[m][k + 5] * w5;
      sum1 += X[m + 1][k + 3] * w3 + X[m + 1][k + 4] * w4 + X[m + 1][k + 5] * w5;
      sum2 += X[m + 2][k + 3] * w3 + X[m + 2][k + 4] * w4 + X[m + 2][k + 5] * w5;
      sum3 += X[m + 3][k + 3] * w3 + X[m + 3][k + 4] * w4 + X[m + 3][k + 5] * w5;
    }
    const scale = this.constants.scales[n][g];
    y0 += sum0 * scale;
    y1 += sum1 * scale;
    y2 += sum2 * scale;
    y3 += sum3 * scale;
  }
  return [y0, y1, y2, y3];
}

function fourColumns(this: Thread<Constants>, X: number[][]): number[] {
  // X [1,paddedK] f32, W [paddedN, groups·sextets] of six weights, scales [paddedN, groups] → Y [paddedN/4, 4]
  const n = this.thread.x * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let g = 0; g < this.constants.groups; g++) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let s = 0; s < this.constants.sextets; s++) {
      let digits0 = this.constants.W[n][g * this.constants.sextets + s];
      let digits1 = this.constants.W[n + 1][g * this.constants.sextets + s];
      let digits2 = this.constants.W[n + 2][g * this.constants.sextets + s];
      let digits3 = this.constants.W[n + 3][g * this.constants.sextets + s];
      for (let j = 0; j < 6; j++) {
        const x = X[0][g * this.constants.groupSize + s * 6 + j];
        const rest0 = Math.floor(digits0 * 0.0625);
        const rest1 = Math.floor(digits1 * 0.0625);
        const rest2 = Math.floor(digits2 * 0.0625);
        const rest3 = Math.floor(digits3 * 0.0625);
        sum0 += x * (digits0 - rest0 * 16 - 8);
        sum1 += x * (digits1 - rest1 * 16 - 8);
        sum2 += x * (digits2 - rest2 * 16 - 8);
        sum3 += x * (digits3 - rest3 * 16 - 8);
        digits0 = rest0;
        digits1 = rest1;
        digits2 = rest2;
        digits3 = rest3;
      }
    }
    y0 += sum0 * this.constants.scales[n][g];
    y1 += sum1 * this.constants.scales[n + 1][g];
    y2 += sum2 * this.constants.scales[n + 2][g];
    y3 += sum3 * this.constants.scales[n + 3][g];
  }
  return [y0, y1, y2, y3];
}

/** Values [paddedN, groups·sextets] and scales [paddedN, groups]. */
function resident(
  { codes, scales }: GridContext<Gpu>['packed'],
  { N, K }: MatmulProblem,
  groupSize: number,
): readonly [Resident, Resident] {
  const paddedN = roundUp(N, 4);
  const groups = Math.ceil(K / groupSize);
  const sextets = Math.ceil(groupSize / PER_VALUE);
  const length = groups * sextets;
  const packed = new Float32Array(length * paddedN);
  for (let n = 0; n < N; n++) {
    const row = codes.subarray(n * planeStride(K, 4), (n + 1) * planeStride(K, 4));
    for (let i = 0; i < length; i++) {
      const group = Math.floor(i / sextets);
      const from = group * groupSize + (i % sextets) * PER_VALUE;
      const to = Math.min(K, (group + 1) * groupSize, from + PER_VALUE);
      packed[n * length + i] = sextetOf(row, from, to);
    }
  }
  return [{ size: [length, paddedN], values: packed }, paddedScales(scales!, N, groups)];
}

/** Weights `from` … `to` − 1 of a row, the first as the lowest digit, filled up with zeros to six. */
function sextetOf(row: Uint8Array, from: number, to: number): number {
  let digits = 0;
  for (let k = from + PER_VALUE - 1; k >= from; k--) {
    digits = digits * 16 + (k < to ? (row[k >> 1] >> ((k & 1) * 4)) & 15 : ZERO_DIGIT);
  }
  return digits;
}
