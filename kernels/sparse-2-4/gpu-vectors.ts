// 2:4 for the GL modes, where a texel of four values costs no more to read than one value. A texel holds the weights of two
// groups, or the places of eight as they are packed, or four rows of one column of the transposed X. So for four rows, a group
// costs 1/2 + 1/8 + 2 reads; a dense product costs 4.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Gpu, Resident, ResidentBytes, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { prepareMatmul, roundUp } from '../dense/gpu-matmul.ts';
import { indexStride, type PackedSparse24, paddedK, type Sparse24Weights } from './pack.ts';

type Context = KernelContext<'matmul', Sparse24Weights, Record<never, never>, Gpu>;
type Constants = { texels: number; values: number[][][]; places: number[][][] };

/** Columns whose places a texel of four bytes holds. */
export const PER_TEXEL = 32;

export function gpuSparse24OfVectors({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const rows = roundUp(M, 4);
  const widened = roundUp(K, PER_TEXEL);
  const constants = {
    texels: widened / PER_TEXEL,
    values: { vectors: widenedValues(packed, problem, widened / 2) },
    places: { vectors: widenedPlaces(packed, problem, widened / 8) },
  };
  return prepareMatmul(runtime, problem, {
    paddedK: widened,
    isTransposed: true,
    storedBytes: packed.values.byteLength + packed.indices.byteLength,
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
  // X [paddedK, ·, 4] f32, values [N, paddedK/8, 4], places [N, paddedK/32, 4] bytes → Yᵀ [N, rows/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let t = 0; t < this.constants.texels; t++) {
    const places = this.constants.places[this.thread.y][t];
    for (let i = 0; i < 4; i++) {
      const byte = Math.floor((i < 2 ? (i < 1 ? places[0] : places[1]) : i < 3 ? places[2] : places[3]) * 255 + 0.5);
      const high = Math.floor(byte * 0.0625);
      const low = byte - high * 16;
      const second = Math.floor(low * 0.25);
      const fourth = Math.floor(high * 0.25);
      const k = (t * 4 + i) * 8;
      const w = this.constants.values[this.thread.y][t * 4 + i];
      const a = X[k + low - second * 4][this.thread.x];
      const b = X[k + second][this.thread.x];
      const c = X[k + 4 + high - fourth * 4][this.thread.x];
      const e = X[k + 4 + fourth][this.thread.x];
      y0 += a[0] * w[0] + b[0] * w[1] + c[0] * w[2] + e[0] * w[3];
      y1 += a[1] * w[0] + b[1] * w[1] + c[1] * w[2] + e[1] * w[3];
      y2 += a[2] * w[0] + b[2] * w[1] + c[2] * w[2] + e[2] * w[3];
      y3 += a[3] * w[0] + b[3] * w[1] + c[3] * w[2] + e[3] * w[3];
    }
  }
  return [y0, y1, y2, y3];
}

function oneRow(this: Thread<Constants>, X: number[][][]): number {
  // X [paddedK, ·, 4] f32 of which only the first counts, values [N, paddedK/8, 4], places [N, paddedK/32, 4] bytes → Y [N]
  let y = 0;
  for (let t = 0; t < this.constants.texels; t++) {
    const places = this.constants.places[this.thread.x][t];
    for (let i = 0; i < 4; i++) {
      const byte = Math.floor((i < 2 ? (i < 1 ? places[0] : places[1]) : i < 3 ? places[2] : places[3]) * 255 + 0.5);
      const high = Math.floor(byte * 0.0625);
      const low = byte - high * 16;
      const second = Math.floor(low * 0.25);
      const fourth = Math.floor(high * 0.25);
      const k = (t * 4 + i) * 8;
      const w = this.constants.values[this.thread.x][t * 4 + i];
      const a = X[k + low - second * 4][0];
      const b = X[k + second][0];
      const c = X[k + 4 + high - fourth * 4][0];
      const e = X[k + 4 + fourth][0];
      y += a[0] * w[0] + b[0] * w[1] + c[0] * w[2] + e[0] * w[3];
    }
  }
  return y;
}

function widenedValues({ values }: Sparse24Weights, { N, K }: MatmulProblem, stride: number): Resident {
  const stored = paddedK(K) / 2;
  const widened = new Float32Array(N * stride);
  for (let n = 0; n < N; n++) widened.set(values.subarray(n * stored, (n + 1) * stored), n * stride);
  return { size: [stride, N], values: widened };
}

export function widenedPlaces({ indices }: PackedSparse24, { N, K }: MatmulProblem, stride: number): ResidentBytes {
  const stored = indexStride(K);
  const bytes = new Uint8Array(N * stride);
  for (let n = 0; n < N; n++) bytes.set(indices.subarray(n * stored, (n + 1) * stored), n * stride);
  return { size: [stride, N], bytes };
}
