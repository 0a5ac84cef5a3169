import type { Gpu, Resident, Thread } from '../../bench/backends/gpujs.ts';
import type { MatmulProblem } from '../../bench/problem.ts';
import type { KernelContext, PreparedKernel } from '../../bench/technique.ts';
import { paddedRows, prepareMatmul } from '../dense/gpu-matmul.ts';
import { indexStride, paddedK, type Sparse24Weights } from './pack.ts';

type Context = KernelContext<'matmul', Sparse24Weights, Record<never, never>, Gpu>;
type Constants = { sextets: number; values: number[][]; places: number[][] };

// gpu.js has f32 buffers only. Integers below 2²⁴ are exact in f32: the places of six groups to a value, each group a
// digit of base 16 whose lower half is the place of the first kept weight.
const GROUPS_PER_VALUE = 6;

export function gpuSparse24({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const rows = paddedRows(M);
  const sextets = Math.ceil(K / (4 * GROUPS_PER_VALUE));
  const constants = {
    sextets,
    values: paddedValues(packed, problem, sextets),
    places: placesOf(packed, problem, sextets),
  };
  return prepareMatmul(runtime, problem, {
    paddedK: sextets * GROUPS_PER_VALUE * 4,
    storedBytes: packed.values.byteLength + packed.indices.byteLength,
    build: (program, X) =>
      M === 1
        ? program.step(oneRow, { threads: [N], constants, inputs: [X] })
        : program.step(fourRows, { threads: [rows / 4, N], constants, inputs: [X] }),
    place: (m, n) => n * rows + m,
  });
}

function fourRows(this: Thread<Constants>, X: number[][]): number[] {
  // X [paddedM,paddedK] f32, values [N, paddedK/2], places [N, sextets] of six groups → Yᵀ [N, paddedM/4, 4]
  const m = this.thread.x * 4;
  const n = this.thread.y;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let s = 0; s < this.constants.sextets; s++) {
    let digits = this.constants.places[n][s];
    for (let j = 0; j < 6; j++) {
      const group = s * 6 + j;
      const rest = Math.floor(digits * 0.0625);
      const places = digits - rest * 16;
      const second = Math.floor(places * 0.25);
      const k0 = group * 4 + (places - second * 4);
      const k1 = group * 4 + second;
      const w0 = this.constants.values[n][group * 2];
      const w1 = this.constants.values[n][group * 2 + 1];
      digits = rest;
      y0 += X[m][k0] * w0 + X[m][k1] * w1;
      y1 += X[m + 1][k0] * w0 + X[m + 1][k1] * w1;
      y2 += X[m + 2][k0] * w0 + X[m + 2][k1] * w1;
      y3 += X[m + 3][k0] * w0 + X[m + 3][k1] * w1;
    }
  }
  return [y0, y1, y2, y3];
}

function oneRow(this: Thread<Constants>, X: number[][]): number {
  // X [1,paddedK] f32, values [N, paddedK/2], places [N, sextets] of six groups → Y [N]
  const n = this.thread.x;
  let y = 0;
  for (let s = 0; s < this.constants.sextets; s++) {
    let digits = this.constants.places[n][s];
    for (let j = 0; j < 6; j++) {
      const group = s * 6 + j;
      const rest = Math.floor(digits * 0.0625);
      const places = digits - rest * 16;
      const second = Math.floor(places * 0.25);
      y +=
        X[0][group * 4 + (places - second * 4)] * this.constants.values[n][group * 2] +
        X[0][group * 4 + second] * this.constants.values[n][group * 2 + 1];
      digits = rest;
    }
  }
  return y;
}

function paddedValues({ values }: Sparse24Weights, { N, K }: MatmulProblem, sextets: number): Resident {
  const stored = paddedK(K) / 2;
  const stride = sextets * GROUPS_PER_VALUE * 2;
  const padded = new Float32Array(N * stride);
  for (let n = 0; n < N; n++) padded.set(values.subarray(n * stored, (n + 1) * stored), n * stride);
  return { size: [stride, N], values: padded };
}

function placesOf({ indices }: Sparse24Weights, { N, K }: MatmulProblem, sextets: number): Resident {
  const groups = paddedK(K) / 4;
  const places = new Float32Array(N * sextets);
  for (let n = 0; n < N; n++) {
    for (let g = groups - 1; g >= 0; g--) {
      const digit = (indices[n * indexStride(K) + (g >> 1)] >> ((g & 1) * 4)) & 15;
      const at = n * sextets + Math.floor(g / GROUPS_PER_VALUE);
      places[at] = places[at] * 16 + digit;
    }
  }
  return { size: [sextets, N], values: places };
}
