// 2:4 with weights of int8 for the GL modes: as gpu-vectors.ts, but a texel of four weights is one of bytes.

import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Gpu, ResidentBytes, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { prepareMatmul, roundUp } from '../dense/gpu-matmul.ts';
import { PER_TEXEL, widenedPlaces } from './gpu-vectors.ts';
import { type Int8Sparse24Weights, paddedK, sparse24Bytes } from './pack.ts';

type Context = KernelContext<'matmul', Int8Sparse24Weights, Record<never, never>, Gpu>;
type Constants = { texels: number; values: number[][][]; places: number[][][]; scales: number[] };

/** Added to each weight, because kernels read bytes as 0 … 255. */
const BIAS = 128;

export function gpuSparse24OfInt8Vectors({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const rows = roundUp(M, 4);
  const widened = roundUp(K, PER_TEXEL);
  const constants = {
    texels: widened / PER_TEXEL,
    values: { vectors: widenedValues(packed, problem, widened / 2) },
    places: { vectors: widenedPlaces(packed, problem, widened / 8) },
    scales: { size: [N], values: packed.scales },
  } as const;
  return prepareMatmul(runtime, problem, {
    paddedK: widened,
    isTransposed: true,
    storedBytes: sparse24Bytes(packed),
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
  // X [paddedK, ·, 4] f32, values [N, paddedK/8, 4] and places [N, paddedK/32, 4] bytes, scales [N] → Yᵀ [N, rows/4, 4]
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
      const q = this.constants.values[this.thread.y][t * 4 + i];
      const w0 = Math.floor(q[0] * 255 + 0.5) - 128;
      const w1 = Math.floor(q[1] * 255 + 0.5) - 128;
      const w2 = Math.floor(q[2] * 255 + 0.5) - 128;
      const w3 = Math.floor(q[3] * 255 + 0.5) - 128;
      const a = X[k + low - second * 4][this.thread.x];
      const b = X[k + second][this.thread.x];
      const c = X[k + 4 + high - fourth * 4][this.thread.x];
      const e = X[k + 4 + fourth][this.thread.x];
      y0 += a[0] * w0 + b[0] * w1 + c[0] * w2 + e[0] * w3;
      y1 += a[1] * w0 + b[1] * w1 + c[1] * w2 + e[1] * w3;
      y2 += a[2] * w0 + b[2] * w1 + c[2] * w2 + e[2] * w3;
      y3 += a[3] * w0 + b[3] * w1 + c[3] * w2 + e[3] * w3;
    }
  }
  const scale = this.constants.scales[this.thread.y];
  return [y0 * scale, y1 * scale, y2 * scale, y3 * scale];
}

function oneRow(this: Thread<Constants>, X: number[][][]): number {
  // X [paddedK, ·, 4] f32 of which only the first counts, values, places and scales as above → Y [N]
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
      const q = this.constants.values[this.thread.x][t * 4 + i];
      const a = X[k + low - second * 4][0];
      const b = X[k + second][0];
      const c = X[k + 4 + high - fourth * 4][0];
      const e = X[k + 4 + fourth][0];
      y += a[0] * (Math.floor(q[0] * 255 + 0.5) - 128) + b[0] * (Math.floor(q[1] * 255 + 0.5) - 128);
      y += c[0] * (Math.floor(q[2] * 255 + 0.5) - 128) + e[0] * (Math.floor(q[3] * 255 + 0.5) - 128);
    }
  }
  return y * this.constants.scales[this.thread.x];
}

function widenedValues({ values }: Int8Sparse24Weights, { N, K }: MatmulProblem, stride: number): ResidentBytes {
  const stored = paddedK(K) / 2;
  const bytes = new Uint8Array(N * stride).fill(BIAS);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < stored; i++) bytes[n * stride + i] = values[n * stored + i] + BIAS;
  }
  return { size: [stride, N], bytes };
}
