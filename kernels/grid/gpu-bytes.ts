// Grid weights for GPUs, whose modes read four bytes at once: as many codes to a byte as fit it, as digits, the four bytes of
// a texel side by side. Codes of 3, 5 and 6 bits take 4 and 8 there.
import type { Gpu, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { addCorrection } from '../corrections/low-rank-gpu.ts';
import { paddedRows, placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { fromBits } from './bits.ts';
import type { GridContext } from './context.ts';
import { presentX, roundedLength, sumGroups } from './gpu-activations.ts';
import { BYTE_LIMIT, digitsOf, gridConstants, numbersOf, readScales, storedBytesOf } from './gpu-digits.ts';
import { minsOf, scalesOf } from './layout.ts';

type Constants = {
  groups: number;
  /** Fours of X in a group. */
  fours: number;
  texels: number;
  digits: number;
  base: number;
  inverse: number;
  zero: number;
  hasTable: number;
  hasMins: number;
  W: number[][][];
  table: number[];
  scales: number[][];
  mins: number[][];
};

export function gpuGridOfBytes(context: GridContext<Gpu>): Promise<PreparedKernel<'matmul'>> {
  const { packed, grid, problem, activations, correction, runtime } = context;
  const { layout } = grid;
  const { M, N, K } = problem;
  const digits = digitsOf(layout, K, BYTE_LIMIT, 4);
  const { base, inverse, groups, group, numbers } = digits;
  const codes = fromBits(packed.codes, N, K, layout.bits);
  const bytes = numbersOf(codes, layout, problem, digits, 4, Uint8Array);
  const choice = readScales(packed, layout, problem);
  const constants = {
    ...{ base, inverse, groups, fours: Math.ceil(group / 4), texels: numbers, digits: digits.count },
    W: { vectors: { size: [groups * numbers * 4, roundUp(N, 4)], bytes } },
    ...gridConstants(layout, problem, scalesOf(choice, layout, problem), minsOf(choice, layout, problem)),
  } as const;
  return prepareMatmul(runtime, problem, {
    paddedK: roundedLength(digits.paddedK, activations),
    storedBytes: storedBytesOf({ ...packed, ...correction }),
    build: async (program, X) => {
      const presented = await presentX(context, program, X);
      const sums = await sumGroups(program, presented, paddedRows(M), { ...constants, group }, true);
      const inputs = [{ vectors: presented }, sums] as const;
      const Y =
        M === 1
          ? await program.step(oneColumn, { threads: [roundUp(N, 4)], constants, inputs })
          : await program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
      return addCorrection(runtime, program, problem, correction, presented, Y, 1);
    },
    place: placeOf(problem),
  });
}

function fourRows(this: Thread<Constants>, X: number[][][], sums: number[][]): number[] {
  // X [paddedM, paddedK/4, 4] f32, sums [paddedM,groups], W [paddedN, groups·texels, 4] of digits, scales, mins
  // [paddedN,groups] → Y [paddedM/4, paddedN, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let g = 0; g < this.constants.groups; g++) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let t = 0; t < this.constants.texels; t++) {
      const q = this.constants.W[this.thread.x][g * this.constants.texels + t];
      let b0 = Math.floor(q[0] * 255 + 0.5);
      let b1 = Math.floor(q[1] * 255 + 0.5);
      let b2 = Math.floor(q[2] * 255 + 0.5);
      let b3 = Math.floor(q[3] * 255 + 0.5);
      for (let j = 0; j < this.constants.digits; j++) {
        const rest0 = Math.floor(b0 * this.constants.inverse);
        const rest1 = Math.floor(b1 * this.constants.inverse);
        const rest2 = Math.floor(b2 * this.constants.inverse);
        const rest3 = Math.floor(b3 * this.constants.inverse);
        let w0 = b0 - rest0 * this.constants.base - this.constants.zero;
        let w1 = b1 - rest1 * this.constants.base - this.constants.zero;
        let w2 = b2 - rest2 * this.constants.base - this.constants.zero;
        let w3 = b3 - rest3 * this.constants.base - this.constants.zero;
        if (this.constants.hasTable > 0) {
          w0 = this.constants.table[w0];
          w1 = this.constants.table[w1];
          w2 = this.constants.table[w2];
          w3 = this.constants.table[w3];
        }
        const a0 = X[this.thread.y * 4][g * this.constants.fours + t * this.constants.digits + j];
        const a1 = X[this.thread.y * 4 + 1][g * this.constants.fours + t * this.constants.digits + j];
        const a2 = X[this.thread.y * 4 + 2][g * this.constants.fours + t * this.constants.digits + j];
        const a3 = X[this.thread.y * 4 + 3][g * this.constants.fours + t * this.constants.digits + j];
        sum0 += a0[0] * w0 + a0[1] * w1 + a0[2] * w2 + a0[3] * w3;
        sum1 += a1[0] * w0 + a1[1] * w1 + a1[2] * w2 + a1[3] * w3;
        sum2 += a2[0] * w0 + a2[1] * w1 + a2[2] * w2 + a2[3] * w3;
        sum3 += a3[0] * w0 + a3[1] * w1 + a3[2] * w2 + a3[3] * w3;
        b0 = rest0;
        b1 = rest1;
        b2 = rest2;
        b3 = rest3;
      }
    }
    const scale = this.constants.scales[this.thread.x][g];
    y0 += sum0 * scale;
    y1 += sum1 * scale;
    y2 += sum2 * scale;
    y3 += sum3 * scale;
    if (this.constants.hasMins > 0) {
      const min = this.constants.mins[this.thread.x][g];
      y0 -= sums[this.thread.y * 4][g] * min;
      y1 -= sums[this.thread.y * 4 + 1][g] * min;
      y2 -= sums[this.thread.y * 4 + 2][g] * min;
      y3 -= sums[this.thread.y * 4 + 3][g] * min;
    }
  }
  return [y0, y1, y2, y3];
}

function oneColumn(this: Thread<Constants>, X: number[][][], sums: number[][]): number {
  // X [1, paddedK/4, 4] f32, sums [1,groups], W [paddedN, groups·texels, 4] of digits, scales, mins [paddedN,groups]
  // → Y [paddedN]
  let y = 0;
  for (let g = 0; g < this.constants.groups; g++) {
    let sum = 0;
    for (let t = 0; t < this.constants.texels; t++) {
      const q = this.constants.W[this.thread.x][g * this.constants.texels + t];
      let b0 = Math.floor(q[0] * 255 + 0.5);
      let b1 = Math.floor(q[1] * 255 + 0.5);
      let b2 = Math.floor(q[2] * 255 + 0.5);
      let b3 = Math.floor(q[3] * 255 + 0.5);
      for (let j = 0; j < this.constants.digits; j++) {
        const rest0 = Math.floor(b0 * this.constants.inverse);
        const rest1 = Math.floor(b1 * this.constants.inverse);
        const rest2 = Math.floor(b2 * this.constants.inverse);
        const rest3 = Math.floor(b3 * this.constants.inverse);
        let w0 = b0 - rest0 * this.constants.base - this.constants.zero;
        let w1 = b1 - rest1 * this.constants.base - this.constants.zero;
        let w2 = b2 - rest2 * this.constants.base - this.constants.zero;
        let w3 = b3 - rest3 * this.constants.base - this.constants.zero;
        if (this.constants.hasTable > 0) {
          w0 = this.constants.table[w0];
          w1 = this.constants.table[w1];
          w2 = this.constants.table[w2];
          w3 = this.constants.table[w3];
        }
        const x = X[0][g * this.constants.fours + t * this.constants.digits + j];
        sum += x[0] * w0 + x[1] * w1 + (x[2] * w2 + x[3] * w3);
        b0 = rest0;
        b1 = rest1;
        b2 = rest2;
        b3 = rest3;
      }
    }
    y += sum * this.constants.scales[this.thread.x][g];
    if (this.constants.hasMins > 0) y -= sums[0][g] * this.constants.mins[this.thread.x][g];
  }
  return y;
}
