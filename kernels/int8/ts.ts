import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { type Granularity, type Int8Weights, quantizeRow } from './pack.ts';
import { multiplyF32Rows, multiplyF32Tiles, multiplyInt8Rows, multiplyInt8Tiles } from './ts-tiles.ts';

const MR = 3;
const NR = 4;

interface Int8Params {
  readonly granularity: Granularity;
  readonly activations: 'f32' | 'int8';
}

/** X [M,K] f32, W [N,K] int8 kept as panels [N/4][K][4], scales [N] or [1] f32 → Y [M,N] f32. */
export function tsInt8(context: KernelContext<'matmul', Int8Weights, Int8Params, undefined>): PreparedKernel<'matmul'> {
  return context.params.activations === 'int8' ? w8a8(context) : weightOnly(context);
}

function weightOnly({
  packed,
  problem: { M, N, K },
}: KernelContext<'matmul', Int8Weights, Int8Params, undefined>): PreparedKernel<'matmul'> {
  const W = weightPanels(packed, N, K);
  const X = new Float32Array(M * K);
  const mr = M < MR ? 1 : MR;
  const panels = mr === 1 ? X : new Float32Array(paddedRows(M, mr) * K);
  const sums = new Float64Array(paddedRows(M, mr) * paddedRows(N, NR));
  const Y = new Float32Array(M * N);
  const ones = new Float32Array(M).fill(1);
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      if (mr === 1) {
        multiplyF32Rows(X, W, sums, M, paddedRows(N, NR), K);
      } else {
        fillPanels(X, M, K, MR, panels);
        multiplyF32Tiles(panels, W, sums, M, paddedRows(N, NR), K);
      }
      scaleSums(sums, ones, packed.scales, Y, M, N);
    },
    readOutput: () => Y,
    workspaceBytes: (mr === 1 ? 0 : panels.byteLength) + sums.byteLength,
    dispose() {},
  };
}

/** Rows of X are rounded to int8 by their own scale at every run. */
function w8a8({
  packed,
  problem: { M, N, K },
}: KernelContext<'matmul', Int8Weights, Int8Params, undefined>): PreparedKernel<'matmul'> {
  const W = weightPanels(packed, N, K);
  const X = new Float32Array(M * K);
  const mr = M < MR ? 1 : MR;
  const rounded = new Int8Array(M * K);
  const rowScales = new Float32Array(M);
  const panels = mr === 1 ? rounded : new Int8Array(paddedRows(M, mr) * K);
  const sums = new Float64Array(paddedRows(M, mr) * paddedRows(N, NR));
  const Y = new Float32Array(M * N);
  return {
    upload: (activations) => X.set(activations.X),
    run() {
      for (let m = 0; m < M; m++) rowScales[m] = quantizeRow(X, m * K, K, rounded);
      if (mr === 1) {
        multiplyInt8Rows(rounded, W, sums, M, paddedRows(N, NR), K);
      } else {
        fillPanels(rounded, M, K, MR, panels);
        multiplyInt8Tiles(panels, W, sums, M, paddedRows(N, NR), K);
      }
      scaleSums(sums, rowScales, packed.scales, Y, M, N);
    },
    readOutput: () => Y,
    workspaceBytes: rounded.byteLength + rowScales.byteLength + (mr === 1 ? 0 : panels.byteLength) + sums.byteLength,
    dispose() {},
  };
}

function weightPanels({ values }: Int8Weights, N: number, K: number): Int8Array {
  const W = new Int8Array(paddedRows(N, NR) * K);
  fillPanels(values, N, K, NR, W);
  return W;
}

/** Y[m,n] = sums[m,n] · rowScales[m] · scales[n] */
function scaleSums(
  sums: Float64Array,
  rowScales: Float32Array,
  scales: Float32Array,
  Y: Float32Array,
  M: number,
  N: number,
): void {
  const ldY = paddedRows(N, NR);
  const step = scales.length === 1 ? 0 : 1;
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) Y[m * N + n] = sums[m * ldY + n] * (rowScales[m] * scales[n * step]);
  }
}
