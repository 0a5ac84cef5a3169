import type { MatmulProblem } from '../../bench/contract/problem.ts';
import { type Gpu, isGl, type Resident, type Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { paddedRows, prepareMatmul } from '../dense/gpu-matmul.ts';
import { gpuSparse24OfBytes } from './gpu-bytes.ts';
import { gpuSparse24OfInt8 } from './gpu-int8.ts';
import { gpuSparse24OfInt8Vectors } from './gpu-int8-vectors.ts';
import { gpuSparse24OfVectors } from './gpu-vectors.ts';
import {
  decodeSparse24,
  type Int8Sparse24Weights,
  indexStride,
  type PackedSparse24,
  paddedK,
  type Sparse24Weights,
  sparse24Bytes,
} from './pack.ts';

type Context<Packed> = KernelContext<'matmul', Packed, Record<never, never>, Gpu>;
type Constants = { sextets: number; values: number[][]; places: number[][] };

// In the modes on the host gpu.js has f32 buffers only, which hold 24 bits exactly: the places of six groups, twelve digits of
// base 4, go into one value, with the point behind the first digit. A kernel takes the integer part as the next place, and
// multiplies the rest by four to bring the digit after it before the point.
const GROUPS_PER_VALUE = 6;

export function gpuSparse24(context: Context<PackedSparse24>): Promise<PreparedKernel<'matmul'>> {
  const { packed, runtime } = context;
  if ('scales' in packed) return gpuInt8Sparse24({ ...context, packed });
  const floats = { ...context, packed };
  if (isGl(runtime.mode)) return gpuSparse24OfVectors(floats);
  return runtime.mode === 'webgpu' ? gpuSparse24OfBytes(floats) : gpuSparse24OfFloats(floats, sparse24Bytes(packed));
}

async function gpuInt8Sparse24(context: Context<Int8Sparse24Weights>): Promise<PreparedKernel<'matmul'>> {
  const { packed, runtime } = context;
  if (isGl(runtime.mode)) return gpuSparse24OfInt8Vectors(context);
  if (runtime.mode === 'webgpu') return gpuSparse24OfInt8(context);
  const decoded = { ...context, packed: decodeSparse24(packed) };
  return { ...(await gpuSparse24OfFloats(decoded, sparse24Bytes(packed))), variant: 'decoded to f32' };
}

function gpuSparse24OfFloats(
  { packed, problem, runtime }: Context<Sparse24Weights>,
  storedBytes: number,
): Promise<PreparedKernel<'matmul'>> {
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
    isInterleaved: true,
    storedBytes,
    build: (program, X) =>
      M === 1
        ? program.step(oneRow, { threads: [N], constants, inputs: [X] })
        : program.step(fourRows, { threads: [rows / 4, N], constants, inputs: [X] }),
    place: (m, n) => n * rows + m,
  });
}

function fourRows(this: Thread<Constants>, X: number[][][]): number[] {
  // X [paddedM/4, paddedK, 4] f32, values [N, paddedK/2], places [N, sextets] of six groups → Yᵀ [N, paddedM/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let s = 0; s < this.constants.sextets; s++) {
    let places = this.constants.places[this.thread.y][s];
    for (let j = 0; j < 6; j++) {
      const first = Math.floor(places);
      const rest = (places - first) * 4;
      const second = Math.floor(rest);
      places = (rest - second) * 4;
      const k0 = s * 24 + j * 4 + first;
      const k1 = s * 24 + j * 4 + second;
      const w0 = this.constants.values[this.thread.y][s * 12 + j * 2];
      const w1 = this.constants.values[this.thread.y][s * 12 + j * 2 + 1];
      y0 += X[this.thread.x][k0][0] * w0 + X[this.thread.x][k1][0] * w1;
      y1 += X[this.thread.x][k0][1] * w0 + X[this.thread.x][k1][1] * w1;
      y2 += X[this.thread.x][k0][2] * w0 + X[this.thread.x][k1][2] * w1;
      y3 += X[this.thread.x][k0][3] * w0 + X[this.thread.x][k1][3] * w1;
    }
  }
  return [y0, y1, y2, y3];
}

function oneRow(this: Thread<Constants>, X: number[][]): number {
  // X [1,paddedK] f32, values [N, paddedK/2], places [N, sextets] of six groups → Y [N]
  let y = 0;
  for (let s = 0; s < this.constants.sextets; s++) {
    let places = this.constants.places[this.thread.x][s];
    for (let j = 0; j < 6; j++) {
      const first = Math.floor(places);
      const rest = (places - first) * 4;
      const second = Math.floor(rest);
      places = (rest - second) * 4;
      y +=
        X[0][s * 24 + j * 4 + first] * this.constants.values[this.thread.x][s * 12 + j * 2] +
        X[0][s * 24 + j * 4 + second] * this.constants.values[this.thread.x][s * 12 + j * 2 + 1];
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
    for (let g = 0; g < groups; g++) {
      const digits = (indices[n * indexStride(K) + (g >> 1)] >> ((g & 1) * 4)) & 15;
      const [first, second] = [digits & 3, digits >> 2];
      const weight = 16 ** -(g % GROUPS_PER_VALUE);
      places[n * sextets + Math.floor(g / GROUPS_PER_VALUE)] += (first + second / 4) * weight;
    }
  }
  return { size: [sextets, N], values: places };
}
