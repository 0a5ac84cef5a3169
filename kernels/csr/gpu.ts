import { type Gpu, isGl, isOfGpu, type Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { paddedRows, prepareMatmul } from '../dense/gpu-matmul.ts';
import { gpuCsrOfInt8 } from './gpu-int8.ts';
import { asResident, largestRow } from './gpu-nonzeros.ts';
import { gpuCsrOfVectors } from './gpu-vectors.ts';
import { type CsrWeights, csrBytes, decodeCsr, type PackedCsr } from './pack.ts';

type Context<Packed> = KernelContext<'matmul', Packed, Record<string, unknown>, Gpu>;
type Constants = { maxNnz: number; values: number[]; colIdx: number[]; rowPtr: number[] };

export async function gpuCsr(context: Context<PackedCsr>): Promise<PreparedKernel<'matmul'>> {
  const { packed, runtime } = context;
  if (!('scales' in packed))
    return isGl(runtime.mode)
      ? gpuCsrOfVectors({ ...context, packed })
      : gpuCsrOfFloats({ ...context, packed }, csrBytes(packed));
  if (isOfGpu(runtime.mode)) return gpuCsrOfInt8({ ...context, packed });
  // The modes on the host have f32 arrays only.
  const decoded = await gpuCsrOfFloats({ ...context, packed: decodeCsr(packed) }, csrBytes(packed));
  return { ...decoded, variant: 'decoded to f32' };
}

function gpuCsrOfFloats(
  { packed, problem, runtime }: Context<CsrWeights>,
  storedBytes: number,
): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const { values, colIdx, rowPtr } = packed;
  const rows = paddedRows(M);
  const constants = {
    maxNnz: largestRow(rowPtr),
    values: asResident(values),
    colIdx: asResident(colIdx),
    rowPtr: asResident(rowPtr),
  };
  return prepareMatmul(runtime, problem, {
    paddedK: K,
    isInterleaved: true,
    storedBytes,
    build: (program, X) =>
      M === 1
        ? program.step(oneRow, { threads: [N], constants, inputs: [X] })
        : runtime.mode === 'webgpu'
          ? program.step(fourRowsOfVectors, { threads: [rows / 4, N], constants, inputs: [{ vectors: X }] })
          : program.step(fourRows, { threads: [rows / 4, N], constants, inputs: [X] }),
    place: (m, n) => n * rows + m,
  });
}

function fourRows(this: Thread<Constants>, X: number[][][]): number[] {
  // X [paddedM/4, K, 4] f32, values [nnz], colIdx [nnz], rowPtr [N+1] → Yᵀ [N, paddedM/4, 4]
  const from = this.constants.rowPtr[this.thread.y];
  const count = this.constants.rowPtr[this.thread.y + 1] - from;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let i = 0; i < this.constants.maxNnz; i++) {
    if (i >= count) break;
    const k = this.constants.colIdx[from + i];
    const w = this.constants.values[from + i];
    y0 += X[this.thread.x][k][0] * w;
    y1 += X[this.thread.x][k][1] * w;
    y2 += X[this.thread.x][k][2] * w;
    y3 += X[this.thread.x][k][3] * w;
  }
  return [y0, y1, y2, y3];
}

function fourRowsOfVectors(this: Thread<Constants>, X: number[][][][]): number[] {
  // X [paddedM/4, K, 1, 4] f32, values [nnz], colIdx [nnz], rowPtr [N+1] → Yᵀ [N, paddedM/4, 4]
  const from = this.constants.rowPtr[this.thread.y];
  const count = this.constants.rowPtr[this.thread.y + 1] - from;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let i = 0; i < this.constants.maxNnz; i++) {
    if (i >= count) break;
    const w = this.constants.values[from + i];
    const x = X[this.thread.x][this.constants.colIdx[from + i]][0];
    y0 += x[0] * w;
    y1 += x[1] * w;
    y2 += x[2] * w;
    y3 += x[3] * w;
  }
  return [y0, y1, y2, y3];
}

function oneRow(this: Thread<Constants>, X: number[][]): number {
  // X [1,K] f32, values [nnz], colIdx [nnz], rowPtr [N+1] → Y [N]
  const n = this.thread.x + this.thread.y;
  const from = this.constants.rowPtr[n];
  const count = this.constants.rowPtr[n + 1] - from;
  let y = 0;
  for (let i = 0; i < this.constants.maxNnz; i++) {
    if (i >= count) break;
    y += X[0][this.constants.colIdx[from + i]] * this.constants.values[from + i];
  }
  return y;
}
