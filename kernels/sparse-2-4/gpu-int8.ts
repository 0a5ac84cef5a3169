// 2:4 with weights of int8 for the webgpu mode: as gpu-bytes.ts, but a weight takes a byte, and with one row of X a thread
// computes one column.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Gpu, ResidentBytes, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { atPair, KEPT, placesByPair } from './gpu-bytes.ts';
import { type Int8Sparse24Weights, paddedK, sparse24Bytes } from './pack.ts';

type Context = KernelContext<'matmul', Int8Sparse24Weights, Record<never, never>, Gpu>;
type Constants = { pairs: number; values: number[][][]; places: number[][][]; scales: number[] };

/** Added to each weight, because kernels read bytes as 0 … 255. */
const BIAS = 128;

export function gpuSparse24OfInt8({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const pairs = Math.ceil(K / 8);
  const paddedN = roundUp(N, 4);
  const size = [KEPT * paddedN, pairs] as const;
  const values = { size, bytes: biasedByPair(packed, problem, pairs) } satisfies ResidentBytes;
  const places = { size, bytes: placesByPair(packed, problem, pairs) } satisfies ResidentBytes;
  const scales = new Float32Array(paddedN);
  scales.set(packed.scales);
  const constants = {
    pairs,
    values: { vectors: values },
    places: { vectors: places },
    scales: { size: [paddedN], values: scales },
  } as const;
  return prepareMatmul(runtime, problem, {
    paddedK: pairs * 8,
    isInterleaved: true,
    storedBytes: sparse24Bytes(packed),
    build: (program, X) => {
      const inputs = [{ vectors: X }] as const;
      return M === 1
        ? program.step(oneColumn, { threads: [N], constants, inputs })
        : program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
    },
    place: placeOf(problem),
  });
}

function fourRows(this: Thread<Constants>, X: number[][][][]): number[] {
  // X [paddedM/4, paddedK, 1, 4] f32, values and places [pairs, paddedN, 4] bytes, scales [paddedN] → Y [paddedM/4, paddedN, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let p = 0; p < this.constants.pairs; p++) {
    const q = this.constants.values[p][this.thread.x];
    const w0 = Math.floor(q[0] * 255 + 0.5) - 128;
    const w1 = Math.floor(q[1] * 255 + 0.5) - 128;
    const w2 = Math.floor(q[2] * 255 + 0.5) - 128;
    const w3 = Math.floor(q[3] * 255 + 0.5) - 128;
    const at = this.constants.places[p][this.thread.x];
    // An index is cut to an integer: with half added, a place that comes a little too small or too large still gives its own.
    const k = p * 8 + 0.5;
    const a = X[this.thread.y][at[0] * 255 + k][0];
    const b = X[this.thread.y][at[1] * 255 + k][0];
    const c = X[this.thread.y][at[2] * 255 + k][0];
    const d = X[this.thread.y][at[3] * 255 + k][0];
    y0 += a[0] * w0 + b[0] * w1 + c[0] * w2 + d[0] * w3;
    y1 += a[1] * w0 + b[1] * w1 + c[1] * w2 + d[1] * w3;
    y2 += a[2] * w0 + b[2] * w1 + c[2] * w2 + d[2] * w3;
    y3 += a[3] * w0 + b[3] * w1 + c[3] * w2 + d[3] * w3;
  }
  const scale = this.constants.scales[this.thread.x];
  return [y0 * scale, y1 * scale, y2 * scale, y3 * scale];
}

/** Compares places to choose from X, with numbers halfway between two places. */
function oneColumn(this: Thread<Constants>, X: number[][][]): number {
  // X [1, paddedK/4, 4] f32, values and places [pairs, paddedN, 4] bytes, scales [paddedN] → Y [N]
  let y = 0;
  for (let p = 0; p < this.constants.pairs; p++) {
    const a = X[0][p * 2];
    const b = X[0][p * 2 + 1];
    const q = this.constants.values[p][this.thread.x];
    const at = this.constants.places[p][this.thread.x];
    y += (Math.floor(q[0] * 255 + 0.5) - 128) * (at[0] < 0.002 ? a[0] : at[0] < 0.006 ? a[1] : a[2]);
    y += (Math.floor(q[1] * 255 + 0.5) - 128) * (at[1] < 0.006 ? a[1] : at[1] < 0.01 ? a[2] : a[3]);
    y += (Math.floor(q[2] * 255 + 0.5) - 128) * (at[2] < 0.018 ? b[0] : at[2] < 0.022 ? b[1] : b[2]);
    y += (Math.floor(q[3] * 255 + 0.5) - 128) * (at[3] < 0.022 ? b[1] : at[3] < 0.026 ? b[2] : b[3]);
  }
  return y * this.constants.scales[this.thread.x];
}

/** [N, groups, 2] as [pairs, paddedN, 4]. */
function biasedByPair({ values }: Int8Sparse24Weights, { N, K }: MatmulProblem, pairs: number): Uint8Array {
  const stored = paddedK(K) / 2;
  const ordered = new Uint8Array(pairs * roundUp(N, 4) * KEPT).fill(BIAS);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < stored; i++) ordered[atPair(i, n, N)] = values[n * stored + i] + BIAS;
  }
  return ordered;
}
