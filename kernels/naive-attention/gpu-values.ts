// The steps of attention for the modes on the host, which read values one by one: a thread computes one key or one
// dimension for a block of four rows, so that what it reads of K or V serves four times. In the last dimension of S, P and O
// are the rows of a block.
import type { Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { Visibility } from './gpu-attention.ts';

interface ScoreConstants extends Visibility {
  readonly K: number[][][];
  readonly dims: number;
  readonly scale: number;
  readonly hidden: number;
}

export function scores(this: Thread<ScoreConstants>, Q: number[][]): number[] {
  // Q [rows,dims] f32, K [heads,keys,dims] f32 → S [rows/4, keys, 4]
  const row = this.thread.y * 4;
  // Half a row is added because f32 division may end just below a whole number, which floor would take for the head before.
  const h = Math.floor((row + 0.5) / this.constants.rowsOfHead);
  // The last key the first of the four rows sees; each further one sees limitStep more.
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.rowsOfHead);
  const j = this.thread.x;
  const last = this.constants.lastKey;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let d = 0; d < this.constants.dims; d += 4) {
    const k0 = this.constants.K[h][j][d];
    const k1 = this.constants.K[h][j][d + 1];
    const k2 = this.constants.K[h][j][d + 2];
    const k3 = this.constants.K[h][j][d + 3];
    s0 += Q[row][d] * k0 + Q[row][d + 1] * k1 + Q[row][d + 2] * k2 + Q[row][d + 3] * k3;
    s1 += Q[row + 1][d] * k0 + Q[row + 1][d + 1] * k1 + Q[row + 1][d + 2] * k2 + Q[row + 1][d + 3] * k3;
    s2 += Q[row + 2][d] * k0 + Q[row + 2][d + 1] * k1 + Q[row + 2][d + 2] * k2 + Q[row + 2][d + 3] * k3;
    s3 += Q[row + 3][d] * k0 + Q[row + 3][d + 1] * k1 + Q[row + 3][d + 2] * k2 + Q[row + 3][d + 3] * k3;
  }
  const hidden = this.constants.hidden;
  return [
    j <= Math.min(last, limit) ? s0 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep) ? s1 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 2) ? s2 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 3) ? s3 * this.constants.scale : hidden,
  ];
}

export function rowMax(this: Thread<{ keys: number; hidden: number }>, S: number[][][]): number[] {
  // S [rows/4, keys, 4] → largest score of each row [rows/4, 4]
  const block = this.thread.x;
  let m0 = this.constants.hidden;
  let m1 = this.constants.hidden;
  let m2 = this.constants.hidden;
  let m3 = this.constants.hidden;
  for (let j = 0; j < this.constants.keys; j++) {
    m0 = Math.max(m0, S[block][j][0]);
    m1 = Math.max(m1, S[block][j][1]);
    m2 = Math.max(m2, S[block][j][2]);
    m3 = Math.max(m3, S[block][j][3]);
  }
  return [m0, m1, m2, m3];
}

export function exponentials(this: Thread<Record<never, never>>, S: number[][][], largest: number[][]): number[] {
  // S [rows/4, keys, 4], largest [rows/4, 4] → P [rows/4, keys, 4]
  const j = this.thread.x;
  const block = this.thread.y;
  return [
    Math.exp(S[block][j][0] - largest[block][0]),
    Math.exp(S[block][j][1] - largest[block][1]),
    Math.exp(S[block][j][2] - largest[block][2]),
    Math.exp(S[block][j][3] - largest[block][3]),
  ];
}

export function weightedValues(
  this: Thread<{ V: number[][][]; keys: number; rowsOfHead: number }>,
  P: number[][][],
): number[] {
  // P [rows/4, keys, 4], V [heads,keys,dims] f32 → O [rows/4, dims, 4]
  const d = this.thread.x;
  const block = this.thread.y;
  const h = Math.floor((block * 4 + 0.5) / this.constants.rowsOfHead);
  let o0 = 0;
  let o1 = 0;
  let o2 = 0;
  let o3 = 0;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let j = 0; j < this.constants.keys; j++) {
    const v = this.constants.V[h][j][d];
    o0 += P[block][j][0] * v;
    o1 += P[block][j][1] * v;
    o2 += P[block][j][2] * v;
    o3 += P[block][j][3] * v;
    sum0 += P[block][j][0];
    sum1 += P[block][j][1];
    sum2 += P[block][j][2];
    sum3 += P[block][j][3];
  }
  return [o0 / sum0, o1 / sum1, o2 / sum2, o3 / sum3];
}
