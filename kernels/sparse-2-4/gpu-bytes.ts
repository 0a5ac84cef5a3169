// 2:4 for the webgpu mode. A read takes the four kept weights of two groups, another their places, a byte each.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Gpu, ResidentBytes, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { columnThreads, placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { indexStride, type PackedSparse24, paddedK, type Sparse24Weights } from './pack.ts';

type Context = KernelContext<'matmul', Sparse24Weights, Record<never, never>, Gpu>;
type Constants = { pairs: number; values: number[][][]; places: number[][][] };

/** Kept weights in a vector: those of two groups. */
export const KEPT = 4;

export function gpuSparse24OfBytes({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const pairs = Math.ceil(K / 8);
  const size = [KEPT * roundUp(N, 4), pairs] as const;
  const values = { size, values: valuesByPair(packed, problem, pairs) };
  const places = { size, bytes: placesByPair(packed, problem, pairs) } satisfies ResidentBytes;
  const constants = { pairs, values: { vectors: values }, places: { vectors: places } };
  return prepareMatmul(runtime, problem, {
    paddedK: pairs * 8,
    isInterleaved: true,
    storedBytes: packed.values.byteLength + packed.indices.byteLength,
    build: (program, X) => {
      const inputs = [{ vectors: X }] as const;
      return M === 1
        ? program.step(fourColumns, { threads: columnThreads(problem), constants, inputs })
        : program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
    },
    place: placeOf(problem),
  });
}

/** Reads of X only the columns of the kept weights: two of every four vectors. */
function fourRows(this: Thread<Constants>, X: number[][][][]): number[] {
  // X [paddedM/4, paddedK, 1, 4] f32, values [pairs, paddedN, 4] f32, places [pairs, paddedN, 4] bytes → Y [paddedM/4, paddedN, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let p = 0; p < this.constants.pairs; p++) {
    const w = this.constants.values[p][this.thread.x];
    const at = this.constants.places[p][this.thread.x];
    // An index is cut to an integer: with half added, a place that comes a little too small or too large still gives its own.
    const k = p * 8 + 0.5;
    const a = X[this.thread.y][at[0] * 255 + k][0];
    const b = X[this.thread.y][at[1] * 255 + k][0];
    const c = X[this.thread.y][at[2] * 255 + k][0];
    const d = X[this.thread.y][at[3] * 255 + k][0];
    y0 += a[0] * w[0] + b[0] * w[1] + c[0] * w[2] + d[0] * w[3];
    y1 += a[1] * w[0] + b[1] * w[1] + c[1] * w[2] + d[1] * w[3];
    y2 += a[2] * w[0] + b[2] * w[1] + c[2] * w[2] + d[2] * w[3];
    y3 += a[3] * w[0] + b[3] * w[1] + c[3] * w[2] + d[3] * w[3];
  }
  return [y0, y1, y2, y3];
}

/** Reads all of X once for four columns, and compares places to choose from it, with numbers halfway between two places. */
function fourColumns(this: Thread<Constants>, X: number[][][]): number[] {
  // X [1, paddedK/4, 4] f32, values [pairs, paddedN, 4] f32, places [pairs, paddedN, 4] bytes → Y [paddedN/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let p = 0; p < this.constants.pairs; p++) {
    const a = X[0][p * 2];
    const b = X[0][p * 2 + 1];
    const w0 = this.constants.values[p][this.thread.x * 4];
    const at0 = this.constants.places[p][this.thread.x * 4];
    y0 += w0[0] * (at0[0] < 0.002 ? a[0] : at0[0] < 0.006 ? a[1] : a[2]);
    y0 += w0[1] * (at0[1] < 0.006 ? a[1] : at0[1] < 0.01 ? a[2] : a[3]);
    y0 += w0[2] * (at0[2] < 0.018 ? b[0] : at0[2] < 0.022 ? b[1] : b[2]);
    y0 += w0[3] * (at0[3] < 0.022 ? b[1] : at0[3] < 0.026 ? b[2] : b[3]);
    const w1 = this.constants.values[p][this.thread.x * 4 + 1];
    const at1 = this.constants.places[p][this.thread.x * 4 + 1];
    y1 += w1[0] * (at1[0] < 0.002 ? a[0] : at1[0] < 0.006 ? a[1] : a[2]);
    y1 += w1[1] * (at1[1] < 0.006 ? a[1] : at1[1] < 0.01 ? a[2] : a[3]);
    y1 += w1[2] * (at1[2] < 0.018 ? b[0] : at1[2] < 0.022 ? b[1] : b[2]);
    y1 += w1[3] * (at1[3] < 0.022 ? b[1] : at1[3] < 0.026 ? b[2] : b[3]);
    const w2 = this.constants.values[p][this.thread.x * 4 + 2];
    const at2 = this.constants.places[p][this.thread.x * 4 + 2];
    y2 += w2[0] * (at2[0] < 0.002 ? a[0] : at2[0] < 0.006 ? a[1] : a[2]);
    y2 += w2[1] * (at2[1] < 0.006 ? a[1] : at2[1] < 0.01 ? a[2] : a[3]);
    y2 += w2[2] * (at2[2] < 0.018 ? b[0] : at2[2] < 0.022 ? b[1] : b[2]);
    y2 += w2[3] * (at2[3] < 0.022 ? b[1] : at2[3] < 0.026 ? b[2] : b[3]);
    const w3 = this.constants.values[p][this.thread.x * 4 + 3];
    const at3 = this.constants.places[p][this.thread.x * 4 + 3];
    y3 += w3[0] * (at3[0] < 0.002 ? a[0] : at3[0] < 0.006 ? a[1] : a[2]);
    y3 += w3[1] * (at3[1] < 0.006 ? a[1] : at3[1] < 0.01 ? a[2] : a[3]);
    y3 += w3[2] * (at3[2] < 0.018 ? b[0] : at3[2] < 0.022 ? b[1] : b[2]);
    y3 += w3[3] * (at3[3] < 0.022 ? b[1] : at3[3] < 0.026 ? b[2] : b[3]);
  }
  return [y0, y1, y2, y3];
}

/** [N, groups, 2] as [pairs, paddedN, 4], so that neighbouring threads read neighbouring vectors. */
function valuesByPair({ values }: Sparse24Weights, { N, K }: MatmulProblem, pairs: number): Float32Array {
  const stored = paddedK(K) / 2;
  const ordered = new Float32Array(pairs * roundUp(N, 4) * KEPT);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < stored; i++) ordered[atPair(i, n, N)] = values[n * stored + i];
  }
  return ordered;
}

/** The same order; a place counts from the first column of its pair. */
export function placesByPair({ indices }: PackedSparse24, { N, K }: MatmulProblem, pairs: number): Uint8Array {
  const stored = paddedK(K) / 2;
  const ordered = new Uint8Array(pairs * roundUp(N, 4) * KEPT);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < stored; i++) {
      const place = (indices[n * indexStride(K) + (i >> 2)] >> ((i & 3) * 2)) & 3;
      ordered[atPair(i, n, N)] = place + 4 * ((i >> 1) & 1);
    }
  }
  return ordered;
}

export function atPair(i: number, n: number, N: number): number {
  return ((i >> 2) * roundUp(N, 4) + n) * KEPT + (i & 3);
}
