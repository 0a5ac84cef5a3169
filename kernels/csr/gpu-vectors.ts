// CSR for the GL modes, where a texel of four values costs no more to read than one value. A texel of weights holds two
// nonzeros with their columns, and a texel of the transposed X four rows of one column. So for four rows, a nonzero costs half
// a read of weights and one read of X.
import type { Gpu, Resident, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { prepareMatmul, roundUp } from '../dense/gpu-matmul.ts';
import { asResident, assertExact, largestRow } from './gpu-nonzeros.ts';
import type { CsrWeights } from './pack.ts';

type Context = KernelContext<'matmul', CsrWeights, Record<string, unknown>, Gpu>;
type Constants = { maxPairs: number; pairs: number[][][]; pairPtr: number[] };

/** Texels in a row of the texture: a power of two, so that dividing by it is exact in f32. */
const LINE = 1024;

export function gpuCsrOfVectors({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const { values, colIdx, rowPtr } = packed;
  const rows = roundUp(M, 4);
  const pairPtr = pairPointers(rowPtr);
  assertExact(values.length);
  const constants = {
    maxPairs: largestRow(pairPtr),
    pairs: { vectors: pairsOf(packed, pairPtr) },
    pairPtr: asResident(pairPtr),
  };
  return prepareMatmul(runtime, problem, {
    paddedK: K,
    isTransposed: true,
    storedBytes: values.byteLength + colIdx.byteLength + rowPtr.byteLength,
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
  // X [K, ·, 4] f32, pairs [·, 1024, 4] of column, weight, column, weight, pairPtr [N+1] → Yᵀ [N, rows/4, 4]
  const from = this.constants.pairPtr[this.thread.y];
  const count = this.constants.pairPtr[this.thread.y + 1] - from;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let i = 0; i < this.constants.maxPairs; i++) {
    if (i >= count) break;
    const line = Math.floor((from + i) * 0.0009765625);
    const pair = this.constants.pairs[line][from + i - line * 1024];
    const k = pair[0];
    const l = pair[2];
    const a = X[k][this.thread.x];
    const b = X[l][this.thread.x];
    y0 += a[0] * pair[1] + b[0] * pair[3];
    y1 += a[1] * pair[1] + b[1] * pair[3];
    y2 += a[2] * pair[1] + b[2] * pair[3];
    y3 += a[3] * pair[1] + b[3] * pair[3];
  }
  return [y0, y1, y2, y3];
}

function oneRow(this: Thread<Constants>, X: number[][][]): number {
  // X [K, ·, 4] f32 of which only the first counts, pairs [·, 1024, 4], pairPtr [N+1] → Y [N]
  const from = this.constants.pairPtr[this.thread.x];
  const count = this.constants.pairPtr[this.thread.x + 1] - from;
  let y = 0;
  for (let i = 0; i < this.constants.maxPairs; i++) {
    if (i >= count) break;
    const line = Math.floor((from + i) * 0.0009765625);
    const pair = this.constants.pairs[line][from + i - line * 1024];
    const k = pair[0];
    const l = pair[2];
    const a = X[k][0];
    const b = X[l][0];
    y += a[0] * pair[1] + b[0] * pair[3];
  }
  return y;
}

/** Where the pairs of each row begin: those of an odd count end with a weight of zero. */
function pairPointers(rowPtr: Uint32Array): Uint32Array {
  const pointers = new Uint32Array(rowPtr.length);
  for (let n = 1; n < rowPtr.length; n++) {
    pointers[n] = pointers[n - 1] + Math.ceil((rowPtr[n] - rowPtr[n - 1]) / 2);
  }
  return pointers;
}

function pairsOf({ values, colIdx, rowPtr }: CsrWeights, pairPtr: Uint32Array): Resident {
  const lines = Math.max(2, Math.ceil(pairPtr[pairPtr.length - 1] / LINE));
  const pairs = new Float32Array(lines * LINE * 4);
  for (let n = 0; n + 1 < rowPtr.length; n++) {
    for (let i = rowPtr[n], at = pairPtr[n] * 4; i < rowPtr[n + 1]; i++, at += 2) {
      pairs[at] = colIdx[i];
      pairs[at + 1] = values[i];
    }
  }
  return { size: [LINE * 4, lines], values: pairs };
}
