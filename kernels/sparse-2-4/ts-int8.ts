// The loops of ts.ts over weights rounded to int8: V8 specialises a function to the arrays it sees, so each kind has its own.
import { type Int8Sparse24Weights, indexStride, paddedK } from './pack.ts';

/** As in ts.ts. */
const MR = 8;

export function multiplyInt8Panel(
  X: Float64Array,
  W: Int8Sparse24Weights,
  Y: Float32Array,
  N: number,
  K: number,
): void {
  const { values, indices, scales } = W;
  const groups = paddedK(K) / 4;
  const stride = indexStride(K);
  for (let n = 0; n < N; n++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let a4 = 0;
    let a5 = 0;
    let a6 = 0;
    let a7 = 0;
    for (let g = 0; g < groups; g++) {
      const places = indices[n * stride + (g >> 1)] >> ((g & 1) * 4);
      const i = (n * groups + g) * 2;
      let w = values[i];
      let x = (g * 4 + (places & 3)) * MR;
      a0 += w * X[x];
      a1 += w * X[x + 1];
      a2 += w * X[x + 2];
      a3 += w * X[x + 3];
      a4 += w * X[x + 4];
      a5 += w * X[x + 5];
      a6 += w * X[x + 6];
      a7 += w * X[x + 7];
      w = values[i + 1];
      x = (g * 4 + ((places >> 2) & 3)) * MR;
      a0 += w * X[x];
      a1 += w * X[x + 1];
      a2 += w * X[x + 2];
      a3 += w * X[x + 3];
      a4 += w * X[x + 4];
      a5 += w * X[x + 5];
      a6 += w * X[x + 6];
      a7 += w * X[x + 7];
    }
    const scale = scales[n];
    Y[n] = scale * a0;
    Y[n + N] = scale * a1;
    Y[n + 2 * N] = scale * a2;
    Y[n + 3 * N] = scale * a3;
    Y[n + 4 * N] = scale * a4;
    Y[n + 5 * N] = scale * a5;
    Y[n + 6 * N] = scale * a6;
    Y[n + 7 * N] = scale * a7;
  }
}

/** A byte of places serves two groups; each of their four products has its own sum. */
export function multiplyInt8Row(
  X: Float64Array,
  { values, indices, scales }: Int8Sparse24Weights,
  Y: Float32Array,
  N: number,
  K: number,
) {
  const groups = paddedK(K) / 4;
  const pairs = groups >> 1;
  const stride = indexStride(K);
  for (let n = 0; n < N; n++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let i = n * groups * 2;
    for (let pair = 0; pair < pairs; pair++) {
      const places = indices[n * stride + pair];
      const x = pair * 8;
      a0 += values[i] * X[x + (places & 3)];
      a1 += values[i + 1] * X[x + ((places >> 2) & 3)];
      a2 += values[i + 2] * X[x + 4 + ((places >> 4) & 3)];
      a3 += values[i + 3] * X[x + 4 + (places >> 6)];
      i += 4;
    }
    if (groups & 1) {
      const places = indices[n * stride + pairs];
      a0 += values[i] * X[pairs * 8 + (places & 3)];
      a1 += values[i + 1] * X[pairs * 8 + ((places >> 2) & 3)];
    }
    Y[n] = scales[n] * (a0 + a1 + (a2 + a3));
  }
}
