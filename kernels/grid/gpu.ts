import { type Gpu, isOfGpu, type Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { addCorrection } from '../corrections/low-rank-gpu.ts';
import { denseProduct, paddedWeights } from '../dense/gpu.ts';
import { columnThreads, paddedRows, placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { fromBits } from './bits.ts';
import type { GridContext } from './context.ts';
import { presentX, roundedLength, sumGroups } from './gpu-activations.ts';
import { gpuGridOfBytes } from './gpu-bytes.ts';
import { digitsOf, F32_LIMIT, gridConstants, numbersOf, readScales, storedBytesOf } from './gpu-digits.ts';
import { decodeChoice, minsOf, readChoice, scalesOf } from './layout.ts';

type Constants = {
  groups: number;
  group: number;
  numbers: number;
  digits: number;
  base: number;
  inverse: number;
  zero: number;
  hasTable: number;
  hasMins: number;
  W: number[][];
  table: number[];
  scales: number[][];
  mins: number[][];
};

// The modes on the host have f32 arrays only, which hold integers below 2²⁴ exactly: as many codes to a value as fit it, as
// digits.

export function gpuGrid(context: GridContext<Gpu>): Promise<PreparedKernel<'matmul'>> {
  if (context.grid.layout.bits === 16) return gpuGridOfFloats(context);
  return isOfGpu(context.runtime.mode) ? gpuGridOfBytes(context) : gpuGridOfDigits(context);
}

/** Weights of 16 bits are f32 in gpu.js. */
function gpuGridOfFloats(context: GridContext<Gpu>): Promise<PreparedKernel<'matmul'>> {
  const { packed, grid, problem, activations, correction, runtime } = context;
  const { layout } = grid;
  const paddedK = roundUp(problem.K, 4);
  const weights = decodeChoice(readChoice(packed, layout, problem), layout, problem);
  const product = denseProduct(runtime, problem, paddedWeights(weights, problem, paddedK));
  return prepareMatmul(runtime, problem, {
    paddedK: roundedLength(paddedK, activations),
    storedBytes: storedBytesOf({ ...packed, ...correction }),
    build: async (program, X) => {
      const presented = await presentX(context, program, X);
      const Y = await product.build(program, presented);
      return addCorrection(runtime, program, problem, correction, presented, Y, isOfGpu(runtime.mode) ? 2 : 1);
    },
    place: product.place,
  });
}

function gpuGridOfDigits(context: GridContext<Gpu>) {
  const { packed, grid, problem, activations, correction, runtime } = context;
  const { layout } = grid;
  const { N, K } = problem;
  const digits = digitsOf(layout, K, F32_LIMIT, 1);
  const { base, inverse, groups, group, numbers } = digits;
  const codes = fromBits(packed.codes, N, K, layout.bits);
  const values = numbersOf(codes, layout, problem, digits, 1, Float32Array);
  const choice = readScales(packed, layout, problem);
  const constants = {
    ...{ base, inverse, groups, group, numbers, digits: digits.count },
    W: { size: [groups * numbers, roundUp(N, 4)], values },
    ...gridConstants(layout, problem, scalesOf(choice, layout, problem), minsOf(choice, layout, problem)),
  } as const;
  return prepareMatmul(runtime, problem, {
    paddedK: roundedLength(digits.paddedK, activations),
    storedBytes: storedBytesOf({ ...packed, ...correction }),
    build: async (program, X) => {
      const presented = await presentX(context, program, X);
      const sums = await sumGroups(program, presented, paddedRows(problem.M), constants, false);
      const inputs = [presented, sums] as const;
      const Y =
        problem.M === 1
          ? await program.step(fourColumns, { threads: columnThreads(problem), constants, inputs })
          : await program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
      return addCorrection(runtime, program, problem, correction, presented, Y, 1);
    },
    place: placeOf(problem),
  });
}

function fourRows(this: Thread<Constants>, X: number[][], sums: number[][]): number[] {
  // X [paddedM,paddedK] f32, sums [paddedM,groups], W [paddedN, groups·numbers] of digits, scales, mins [paddedN,groups]
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
    for (let i = 0; i < this.constants.numbers; i++) {
      let digits = this.constants.W[n][g * this.constants.numbers + i];
      for (let j = 0; j < this.constants.digits; j++) {
        const k = g * this.constants.group + i * this.constants.digits + j;
        const rest = Math.floor(digits * this.constants.inverse);
        let w = digits - rest * this.constants.base - this.constants.zero;
        if (this.constants.hasTable > 0) w = this.constants.table[w];
        sum0 += X[m][k] * w;
        sum1 += X[m + 1][k] * w;
        sum2 += X[m + 2][k] * w;
        sum3 += X[m + 3][k] * w;
        digits = rest;
      }
    }
    const scale = this.constants.scales[n][g];
    y0 += sum0 * scale;
    y1 += sum1 * scale;
    y2 += sum2 * scale;
    y3 += sum3 * scale;
    if (this.constants.hasMins > 0) {
      const min = this.constants.mins[n][g];
      y0 -= sums[m][g] * min;
      y1 -= sums[m + 1][g] * min;
      y2 -= sums[m + 2][g] * min;
      y3 -= sums[m + 3][g] * min;
    }
  }
  return [y0, y1, y2, y3];
}

function fourColumns(this: Thread<Constants>, X: number[][], sums: number[][]): number[] {
  // X [1,paddedK] f32, sums [1,groups], W [paddedN, groups·numbers] of digits, scales, mins [paddedN,groups]
  // → Y [paddedN/4, 4]
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
    for (let i = 0; i < this.constants.numbers; i++) {
      let digits0 = this.constants.W[n][g * this.constants.numbers + i];
      let digits1 = this.constants.W[n + 1][g * this.constants.numbers + i];
      let digits2 = this.constants.W[n + 2][g * this.constants.numbers + i];
      let digits3 = this.constants.W[n + 3][g * this.constants.numbers + i];
      for (let j = 0; j < this.constants.digits; j++) {
        const x = X[0][g * this.constants.group + i * this.constants.digits + j];
        const rest0 = Math.floor(digits0 * this.constants.inverse);
        const rest1 = Math.floor(digits1 * this.constants.inverse);
        const rest2 = Math.floor(digits2 * this.constants.inverse);
        const rest3 = Math.floor(digits3 * this.constants.inverse);
        let w0 = digits0 - rest0 * this.constants.base - this.constants.zero;
        let w1 = digits1 - rest1 * this.constants.base - this.constants.zero;
        let w2 = digits2 - rest2 * this.constants.base - this.constants.zero;
        let w3 = digits3 - rest3 * this.constants.base - this.constants.zero;
        if (this.constants.hasTable > 0) {
          w0 = this.constants.table[w0];
          w1 = this.constants.table[w1];
          w2 = this.constants.table[w2];
          w3 = this.constants.table[w3];
        }
        sum0 += x * w0;
        sum1 += x * w1;
        sum2 += x * w2;
        sum3 += x * w3;
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
    if (this.constants.hasMins > 0) {
      y0 -= sums[0][g] * this.constants.mins[n][g];
      y1 -= sums[0][g] * this.constants.mins[n + 1][g];
      y2 -= sums[0][g] * this.constants.mins[n + 2][g];
      y3 -= sums[0][g] * this.constants.mins[n + 3][g];
    }
  }
  return [y0, y1, y2, y3];
}
