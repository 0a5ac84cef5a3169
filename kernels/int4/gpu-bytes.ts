// int4 for GPUs, whose modes read four bytes at once: weights stay two to a byte, as they are packed, eight to a read.
import type { Gpu, ResidentBytes, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { columnThreads, placeOf, prepareMatmul, roundUp, rowThreads } from '../dense/gpu-matmul.ts';
import { planeStride } from '../grid/bits.ts';
import type { GridContext } from '../grid/context.ts';
import { bytesOf } from '../grid/layout.ts';
import { paddedScales } from './gpu-scales.ts';

type Context = GridContext<Gpu>;
type Constants = { groups: number; texels: number; W: number[][][]; scales: number[][] };

const PER_TEXEL = 8;
/** Two weights that stand for zero. */
const ZEROS = 0x88;

export function gpuInt4OfBytes({ packed, problem, grid, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const groups = Math.ceil(K / grid.layout.group);
  const paddedK = groups * grid.layout.group;
  const constants = {
    groups,
    texels: grid.layout.group / PER_TEXEL,
    W: { vectors: paddedBytes(packed.codes, N, planeStride(K, 4), paddedK / 2) },
    scales: paddedScales(packed.scales!, N, groups),
  };
  return prepareMatmul(runtime, problem, {
    paddedK,
    storedBytes: bytesOf(packed),
    build: (program, X) => {
      const inputs = [{ vectors: X }] as const;
      return M === 1
        ? program.step(fourColumns, { threads: columnThreads(problem), constants, inputs })
        : program.step(fourRows, { threads: rowThreads(problem), constants, inputs });
    },
    place: placeOf(problem),
  });
}

function fourRows(this: Thread<Constants>, X: number[][][]): number[] {
  // X [paddedM, paddedK/4, 4] f32, W [paddedN, paddedK/8, 4] bytes, scales [paddedN, groups] → Y [paddedM/4, paddedN, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let g = 0; g < this.constants.groups; g++) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let t = 0; t < this.constants.texels; t++) {
      const q = this.constants.W[this.thread.x][g * this.constants.texels + t];
      const b0 = Math.floor(q[0] * 255 + 0.5);
      const b1 = Math.floor(q[1] * 255 + 0.5);
      const b2 = Math.floor(q[2] * 255 + 0.5);
      const b3 = Math.floor(q[3] * 255 + 0.5);
      const w1 = Math.floor(b0 * 0.0625);
      const w3 = Math.floor(b1 * 0.0625);
      const w5 = Math.floor(b2 * 0.0625);
      const w7 = Math.floor(b3 * 0.0625);
      const w0 = b0 - w1 * 16 - 8;
      const w2 = b1 - w3 * 16 - 8;
      const w4 = b2 - w5 * 16 - 8;
      const w6 = b3 - w7 * 16 - 8;
      const a0 = X[this.thread.y * 4][(g * this.constants.texels + t) * 2];
      const a1 = X[this.thread.y * 4 + 1][(g * this.constants.texels + t) * 2];
      const a2 = X[this.thread.y * 4 + 2][(g * this.constants.texels + t) * 2];
      const a3 = X[this.thread.y * 4 + 3][(g * this.constants.texels + t) * 2];
      sum0 += a0[0] * w0 + a0[1] * (w1 - 8) + a0[2] * w2 + a0[3] * (w3 - 8);
      sum1 += a1[0] * w0 + a1[1] * (w1 - 8) + a1[2] * w2 + a1[3] * (w3 - 8);
      sum2 += a2[0] * w0 + a2[1] * (w1 - 8) + a2[2] * w2 + a2[3] * (w3 - 8);
      sum3 += a3[0] * w0 + a3[1] * (w1 - 8) + a3[2] * w2 + a3[3] * (w3 - 8);
      const c0 = X[this.thread.y * 4][(g * this.constants.texels + t) * 2 + 1];
      const c1 = X[this.thread.y * 4 + 1][(g * this.constants.texels + t) * 2 + 1];
      const c2 = X[this.thread.y * 4 + 2][(g * this.constants.texels + t) * 2 + 1];
      const c3 = X[this.thread.y * 4 + 3][(g * this.constants.texels + t) * 2 + 1];
      sum0 += c0[0] * w4 + c0[1] * (w5 - 8) + c0[2] * w6 + c0[3] * (w7 - 8);
      sum1 += c1[0] * w4 + c1[1] * (w5 - 8) + c1[2] * w6 + c1[3] * (w7 - 8);
      sum2 += c2[0] * w4 + c2[1] * (w5 - 8) + c2[2] * w6 + c2[3] * (w7 - 8);
      sum3 += c3[0] * w4 + c3[1] * (w5 - 8) + c3[2] * w6 + c3[3] * (w7 - 8);
    }
    const scale = this.constants.scales[this.thread.x][g];
    y0 += sum0 * scale;
    y1 += sum1 * scale;
    y2 += sum2 * scale;
    y3 += sum3 * scale;
  }
  return [y0, y1, y2, y3];
}

function fourColumns(this: Thread<Constants>, X: number[][][]): number[] {
  // X [1, paddedK/4, 4] f32, W [paddedN, paddedK/8, 4] bytes, scales [paddedN, groups] → Y [paddedN/4, 4]
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let g = 0; g < this.constants.groups; g++) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let t = 0; t < this.constants.texels; t++) {
      const q0 = this.constants.W[this.thread.x * 4][g * this.constants.texels + t];
      const q1 = this.constants.W[this.thread.x * 4 + 1][g * this.constants.texels + t];
      const q2 = this.constants.W[this.thread.x * 4 + 2][g * this.constants.texels + t];
      const q3 = this.constants.W[this.thread.x * 4 + 3][g * this.constants.texels + t];
      const a = X[0][(g * this.constants.texels + t) * 2];
      const c = X[0][(g * this.constants.texels + t) * 2 + 1];
      for (let j = 0; j < 4; j++) {
        const even = j < 2 ? (j < 1 ? a[0] : a[2]) : j < 3 ? c[0] : c[2];
        const odd = j < 2 ? (j < 1 ? a[1] : a[3]) : j < 3 ? c[1] : c[3];
        const b0 = Math.floor((j < 2 ? (j < 1 ? q0[0] : q0[1]) : j < 3 ? q0[2] : q0[3]) * 255 + 0.5);
        const b1 = Math.floor((j < 2 ? (j < 1 ? q1[0] : q1[1]) : j < 3 ? q1[2] : q1[3]) * 255 + 0.5);
        const b2 = Math.floor((j < 2 ? (j < 1 ? q2[0] : q2[1]) : j < 3 ? q2[2] : q2[3]) * 255 + 0.5);
        const b3 = Math.floor((j < 2 ? (j < 1 ? q3[0] : q3[1]) : j < 3 ? q3[2] : q3[3]) * 255 + 0.5);
        const h0 = Math.floor(b0 * 0.0625);
        const h1 = Math.floor(b1 * 0.0625);
        const h2 = Math.floor(b2 * 0.0625);
        const h3 = Math.floor(b3 * 0.0625);
        sum0 += even * (b0 - h0 * 16 - 8) + odd * (h0 - 8);
        sum1 += even * (b1 - h1 * 16 - 8) + odd * (h1 - 8);
        sum2 += even * (b2 - h2 * 16 - 8) + odd * (h2 - 8);
        sum3 += even * (b3 - h3 * 16 - 8) + odd * (h3 - 8);
      }
    }
    y0 += sum0 * this.constants.scales[this.thread.x * 4][g];
    y1 += sum1 * this.constants.scales[this.thread.x * 4 + 1][g];
    y2 += sum2 * this.constants.scales[this.thread.x * 4 + 2][g];
    y3 += sum3 * this.constants.scales[this.thread.x * 4 + 3][g];
  }
  return [y0, y1, y2, y3];
}

/** Rows of `stride` bytes, widened to `widened`. */
function paddedBytes(values: Uint8Array, N: number, stride: number, widened: number): ResidentBytes {
  const bytes = new Uint8Array(roundUp(N, 4) * widened).fill(ZEROS);
  for (let n = 0; n < N; n++) bytes.set(values.subarray(n * stride, (n + 1) * stride), n * widened);
  return { size: [widened, roundUp(N, 4)], bytes };
}
