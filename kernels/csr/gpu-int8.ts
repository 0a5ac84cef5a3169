// CSR with weights of int8 for the modes of GPUs, where four values or four bytes cost no more to read than one. A texel holds
// the weights of four nonzeros, another their columns, and a texel of the transposed X four rows of one column.
import type { Gpu, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { prepareMatmul, roundUp } from '../dense/gpu-matmul.ts';
import { asResident, assertExact, largestRow } from './gpu-nonzeros.ts';
import { csrBytes, type Int8CsrWeights } from './pack.ts';

type Context = KernelContext<'matmul', Int8CsrWeights, Record<string, unknown>, Gpu>;
type Constants = {
  maxQuads: number;
  weights: number[][][];
  columns: number[][][];
  quadPtr: number[];
  scales: number[];
};

/** Texels in a row of the texture: a power of two, so that dividing by it is exact in f32. */
const LINE = 1024;
/** Nonzeros in a texel. */
const QUAD = 4;
/** Added to each weight, because kernels read bytes as 0 … 255. */
const BIAS = 128;

export function gpuCsrOfInt8({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const rows = roundUp(M, 4);
  const quadPtr = quadPointers(packed.rowPtr);
  assertExact(packed.values.length);
  const constants = {
    maxQuads: largestRow(quadPtr),
    ...quadsOf(packed, quadPtr),
    quadPtr: asResident(quadPtr),
    scales: asResident(packed.scales),
  };
  return prepareMatmul(runtime, problem, {
    paddedK: K,
    isTransposed: true,
    storedBytes: csrBytes(packed),
    build: (program, X) => {
      const inputs = [{ vectors: X }] as const;
      return M === 1
        ? program.step(oneRow, { threads: [N], constants, inputs })
        : program.step(fourRows, { threads: [rows / 4, N], constants, inputs });
    },
    place: M === 1 ? (_, n) => n : (m, n) => n * rows + m,
  });
}

function fourRows(this: Thread<Constants>, X: number[][][]): number[] {
  // X [K, ·, 4] f32, weights [·, 1024, 4] bytes, columns [·, 1024, 4], quadPtr [N+1], scales [N] → Yᵀ [N, rows/4, 4]
  const from = this.constants.quadPtr[this.thread.y];
  const count = this.constants.quadPtr[this.thread.y + 1] - from;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let i = 0; i < this.constants.maxQuads; i++) {
    if (i >= count) break;
    const line = Math.floor((from + i) * 0.0009765625);
    const q = this.constants.weights[line][from + i - line * 1024];
    const w0 = Math.floor(q[0] * 255 + 0.5) - 128;
    const w1 = Math.floor(q[1] * 255 + 0.5) - 128;
    const w2 = Math.floor(q[2] * 255 + 0.5) - 128;
    const w3 = Math.floor(q[3] * 255 + 0.5) - 128;
    const at = this.constants.columns[line][from + i - line * 1024];
    const k0 = at[0];
    const k1 = at[1];
    const k2 = at[2];
    const k3 = at[3];
    const a = X[k0][this.thread.x];
    const b = X[k1][this.thread.x];
    const c = X[k2][this.thread.x];
    const d = X[k3][this.thread.x];
    y0 += a[0] * w0 + b[0] * w1 + c[0] * w2 + d[0] * w3;
    y1 += a[1] * w0 + b[1] * w1 + c[1] * w2 + d[1] * w3;
    y2 += a[2] * w0 + b[2] * w1 + c[2] * w2 + d[2] * w3;
    y3 += a[3] * w0 + b[3] * w1 + c[3] * w2 + d[3] * w3;
  }
  const scale = this.constants.scales[this.thread.y];
  return [y0 * scale, y1 * scale, y2 * scale, y3 * scale];
}

function oneRow(this: Thread<Constants>, X: number[][][]): number {
  // X [K, ·, 4] f32 of which only the first counts, weights, columns, quadPtr and scales as above → Y [N]
  const from = this.constants.quadPtr[this.thread.x];
  const count = this.constants.quadPtr[this.thread.x + 1] - from;
  let y = 0;
  for (let i = 0; i < this.constants.maxQuads; i++) {
    if (i >= count) break;
    const line = Math.floor((from + i) * 0.0009765625);
    const q = this.constants.weights[line][from + i - line * 1024];
    const at = this.constants.columns[line][from + i - line * 1024];
    const k0 = at[0];
    const k1 = at[1];
    const k2 = at[2];
    const k3 = at[3];
    const a = X[k0][0];
    const b = X[k1][0];
    const c = X[k2][0];
    const d = X[k3][0];
    y += a[0] * (Math.floor(q[0] * 255 + 0.5) - 128) + b[0] * (Math.floor(q[1] * 255 + 0.5) - 128);
    y += c[0] * (Math.floor(q[2] * 255 + 0.5) - 128) + d[0] * (Math.floor(q[3] * 255 + 0.5) - 128);
  }
  return y * this.constants.scales[this.thread.x];
}

/** Where the texels of each row begin; the last of a row is filled up with weights of zero. */
function quadPointers(rowPtr: Uint32Array): Uint32Array {
  const pointers = new Uint32Array(rowPtr.length);
  for (let n = 1; n < rowPtr.length; n++) {
    pointers[n] = pointers[n - 1] + Math.ceil((rowPtr[n] - rowPtr[n - 1]) / QUAD);
  }
  return pointers;
}

function quadsOf({ values, colIdx, rowPtr }: Int8CsrWeights, quadPtr: Uint32Array) {
  const lines = Math.max(2, Math.ceil(quadPtr[quadPtr.length - 1] / LINE));
  const size = [LINE * QUAD, lines] as const;
  const bytes = new Uint8Array(lines * LINE * QUAD).fill(BIAS);
  const columns = new Float32Array(lines * LINE * QUAD);
  for (let n = 0; n + 1 < rowPtr.length; n++) {
    for (let i = rowPtr[n], at = quadPtr[n] * QUAD; i < rowPtr[n + 1]; i++, at++) {
      bytes[at] = values[i] + BIAS;
      columns[at] = colIdx[i];
    }
  }
  return { weights: { vectors: { size, bytes } }, columns: { vectors: { size, values: columns } } };
}
