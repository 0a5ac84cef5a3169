import type { MatmulProblem } from '../../bench/contract/problem.ts';
import {
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Resident,
  type Thread,
} from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { columnThreads, paddedRows, placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { biasedBytes, fourColumnsOfBytes, fourRowsOfBytes } from './gpu-bytes.ts';
import type { Granularity, Int8Weights } from './pack.ts';

type Params = { readonly granularity: Granularity; readonly activations: 'f32' | 'int8' };
type Context = KernelContext<'matmul', Int8Weights, Params, Gpu>;
type Constants = { triples: number; scaleStride: number; W: number[][]; scales: number[] };

// The modes on the host have f32 arrays only, which hold integers below 2²⁴ exactly: three weights to a value, as digits of
// base 256.
const PER_VALUE = 3;
const DIGIT_BIAS = 128;

export function gpuInt8(context: Context): Promise<PreparedKernel<'matmul'>> {
  return isOfGpu(context.runtime.mode) ? gpuInt8OfBytes(context) : gpuInt8OfTriples(context);
}

function gpuInt8OfTriples({ packed, problem, params, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const rows = paddedRows(M);
  const paddedN = roundUp(N, 4);
  const paddedK = roundUp(K, PER_VALUE);
  const constants = {
    triples: paddedK / PER_VALUE,
    scaleStride: packed.scales.length === 1 ? 0 : 1,
    W: triplesOf(packed.values, problem),
    scales: paddedScales(packed.scales, paddedN),
  };
  return prepareMatmul(runtime, problem, {
    paddedK,
    storedBytes: packed.values.byteLength + packed.scales.byteLength,
    build: async (program, X) => {
      const inputs = await (params.activations === 'int8'
        ? quantizeRows(program, X, rows, paddedK)
        : unscaledRows(program, X, rows));
      return M === 1
        ? program.step(fourColumns, { threads: columnThreads(problem), constants, inputs })
        : program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
    },
    place: placeOf(problem),
  });
}

function gpuInt8OfBytes({ packed, problem, params, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const rows = paddedRows(problem.M);
  const paddedK = roundUp(problem.K, 4);
  const constants = {
    fours: paddedK / 4,
    scaleStride: packed.scales.length === 1 ? 0 : 1,
    W: { vectors: biasedBytes(packed.values, problem, paddedK) },
    scales: paddedScales(packed.scales, roundUp(problem.N, 4)),
  };
  return prepareMatmul(runtime, problem, {
    paddedK,
    storedBytes: packed.values.byteLength + packed.scales.byteLength,
    build: async (program, X) => {
      const [rounded, scales] = await (params.activations === 'int8'
        ? quantizeFours(program, X, rows, paddedK)
        : unscaledRows(program, X, rows));
      const inputs = [{ vectors: rounded }, scales] as const;
      return problem.M === 1
        ? program.step(fourColumnsOfBytes, { threads: columnThreads(problem), constants, inputs })
        : program.step(fourRowsOfBytes, { threads: rowThreads(problem), constants, inputs });
    },
    place: placeOf(problem),
  });
}

/** Rows of X as integers, four to a thread, and the scale of each. */
async function quantizeFours(
  program: GpuProgram,
  X: GpuBuffer,
  rows: number,
  K: number,
): Promise<readonly [GpuBuffer, GpuBuffer]> {
  const scales = await program.step(rowScale, { threads: [rows], constants: { K }, inputs: [X] });
  const inputs = [{ vectors: X }, scales] as const;
  return [await program.step(quantizeFour, { threads: [K / 4, rows], constants: {}, inputs }), scales];
}

/** Rows of X as integers, and the scale of each. */
async function quantizeRows(
  program: GpuProgram,
  X: GpuBuffer,
  rows: number,
  K: number,
): Promise<readonly [GpuBuffer, GpuBuffer]> {
  const scales = await program.step(rowScale, { threads: [rows], constants: { K }, inputs: [X] });
  return [await program.step(quantize, { threads: [K, rows], constants: {}, inputs: [X, scales] }), scales];
}

async function unscaledRows(program: GpuProgram, X: GpuBuffer, rows: number): Promise<readonly [GpuBuffer, GpuBuffer]> {
  const ones = program.input([rows]);
  await program.upload(ones, new Float32Array(rows).fill(1));
  return [X, ones];
}

function rowScale(this: Thread<{ K: number }>, X: number[][]): number {
  // X [M,K] f32 → scales [M]
  const m = this.thread.x;
  let largest = 0;
  for (let k = 0; k < this.constants.K; k++) largest = Math.max(largest, Math.abs(X[m][k]));
  return largest / 127;
}

function quantize(this: Thread<Record<never, never>>, X: number[][], scales: number[]): number {
  // X [M,K] f32, scales [M] → integers of −127 … 127 [M,K]
  const scale = scales[this.thread.y];
  let q = 0;
  if (scale > 0) q = Math.max(-127, Math.min(127, Math.round(X[this.thread.y][this.thread.x] / scale)));
  return q;
}

function quantizeFour(this: Thread<Record<never, never>>, X: number[][][], scales: number[]): number[] {
  // X [M, K/4, 4] f32, scales [M] → integers of −127 … 127 [M, K/4, 4]
  const x = X[this.thread.y][this.thread.x];
  const scale = scales[this.thread.y];
  if (scale > 0) {
    return [
      Math.max(-127, Math.min(127, Math.round(x[0] / scale))),
      Math.max(-127, Math.min(127, Math.round(x[1] / scale))),
      Math.max(-127, Math.min(127, Math.round(x[2] / scale))),
      Math.max(-127, Math.min(127, Math.round(x[3] / scale))),
    ];
  }
  return [0, 0, 0, 0];
}

function fourRows(this: Thread<Constants>, X: number[][], xScales: number[]): number[] {
  // X [paddedM,K], xScales [paddedM], W [paddedN, K/3] of three weights, scales [N] or [1] → Y [paddedM/4, paddedN, 4]
  const n = this.thread.x;
  const m = this.thread.y * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let t = 0; t < this.constants.triples; t++) {
    const k = t * 3;
    const digits = this.constants.W[n][t];
    const upper = Math.floor(digits * 0.00390625);
    const highest = Math.floor(upper * 0.00390625);
    const w0 = digits - upper * 256 - 128;
    const w1 = upper - highest * 256 - 128;
    const w2 = highest - 128;
    y0 += X[m][k] * w0 + X[m][k + 1] * w1 + X[m][k + 2] * w2;
    y1 += X[m + 1][k] * w0 + X[m + 1][k + 1] * w1 + X[m + 1][k + 2] * w2;
    y2 += X[m + 2][k] * w0 + X[m + 2][k + 1] * w1 + X[m + 2][k + 2] * w2;
    y3 += X[m + 3][k] * w0 + X[m + 3][k + 1] * w1 + X[m + 3][k + 2] * w2;
  }
  const scale = this.constants.scales[n * this.constants.scaleStride];
  return [
    y0 * xScales[m] * scale,
    y1 * xScales[m + 1] * scale,
    y2 * xScales[m + 2] * scale,
    y3 * xScales[m + 3] * scale,
  ];
}

function fourColumns(this: Thread<Constants>, X: number[][], xScales: number[]): number[] {
  // X [1,K], xScales [1], W [paddedN, K/3] of three weights, scales [N] or [1] → Y [paddedN/4, 4]
  const n = this.thread.x * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let t = 0; t < this.constants.triples; t++) {
    let digits0 = this.constants.W[n][t];
    let digits1 = this.constants.W[n + 1][t];
    let digits2 = this.constants.W[n + 2][t];
    let digits3 = this.constants.W[n + 3][t];
    for (let j = 0; j < 3; j++) {
      const x = X[0][t * 3 + j];
      const rest0 = Math.floor(digits0 * 0.00390625);
      const rest1 = Math.floor(digits1 * 0.00390625);
      const rest2 = Math.floor(digits2 * 0.00390625);
      const rest3 = Math.floor(digits3 * 0.00390625);
      y0 += x * (digits0 - rest0 * 256 - 128);
      y1 += x * (digits1 - rest1 * 256 - 128);
      y2 += x * (digits2 - rest2 * 256 - 128);
      y3 += x * (digits3 - rest3 * 256 - 128);
      digits0 = rest0;
      digits1 = rest1;
      digits2 = rest2;
      digits3 = rest3;
    }
  }
  const stride = this.constants.scaleStride;
  const xScale = xScales[0];
  return [
    y0 * xScale * this.constants.scales[n * stride],
    y1 * xScale * this.constants.scales[(n + 1) * stride],
    y2 * xScale * this.constants.scales[(n + 2) * stride],
    y3 * xScale * this.constants.scales[(n + 3) * stride],
  ];
}

function triplesOf(values: Int8Array, { N, K }: MatmulProblem): Resident {
  const triples = Math.ceil(K / PER_VALUE);
  const packed = new Float32Array(roundUp(N, 4) * triples);
  for (let n = 0; n < N; n++) {
    for (let t = 0; t < triples; t++) packed[n * triples + t] = tripleAt(values, n * K, K, t);
  }
  return { size: [triples, roundUp(N, 4)], values: packed };
}

/** Three weights of the row at `row`, the first as the lowest digit; zero past its end. */
function tripleAt(values: Int8Array, row: number, K: number, triple: number): number {
  let digits = 0;
  for (let k = triple * PER_VALUE + PER_VALUE - 1; k >= triple * PER_VALUE; k--) {
    digits = digits * 256 + (k < K ? values[row + k] : 0) + DIGIT_BIAS;
  }
  return digits;
}

function paddedScales(scales: Float32Array, paddedN: number): Resident {
  if (scales.length === 1) return { size: [1], values: scales };
  const values = new Float32Array(paddedN);
  values.set(scales);
  return { size: [paddedN], values };
}
