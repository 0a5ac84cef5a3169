// What tiling adds to the steps of attention for the modes on the host, in blocks of four rows.
import type { Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { Visibility } from '../naive-attention/gpu-attention.ts';

interface ScoreConstants extends Visibility {
  readonly K: number[][][];
  readonly fours: number;
  readonly scale: number;
  readonly hidden: number;
}

export function tileScores(
  this: Thread<ScoreConstants>,
  Q: number[][],
  rowTile: number[],
  keyTile: number[],
): number[] {
  // Q [rows,dims] f32, K [heads,keys,dims] f32 → S [tileRows/4, tileKeys, 4]
  const row = rowTile[0] * this.constants.tileRows + this.thread.y * 4;
  // Half a row is added because f32 division may end just below a whole number, which floor would take for the head before.
  const h = Math.min(Math.floor((row + 0.5) / this.constants.rowsOfHead), this.constants.lastHead);
  // The last key the first of the four rows sees; each further one sees limitStep more.
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.rowsOfHead);
  const j = keyTile[0] * this.constants.tileKeys + this.thread.x;
  const last = this.constants.lastKey;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  if (j <= Math.min(last, limit + this.constants.limitStep * 3)) {
    for (let four = 0; four < this.constants.fours; four++) {
      const d = four * 4;
      const k0 = this.constants.K[h][j][d];
      const k1 = this.constants.K[h][j][d + 1];
      const k2 = this.constants.K[h][j][d + 2];
      const k3 = this.constants.K[h][j][d + 3];
      s0 += Q[row][d] * k0 + Q[row][d + 1] * k1 + Q[row][d + 2] * k2 + Q[row][d + 3] * k3;
      s1 += Q[row + 1][d] * k0 + Q[row + 1][d + 1] * k1 + Q[row + 1][d + 2] * k2 + Q[row + 1][d + 3] * k3;
      s2 += Q[row + 2][d] * k0 + Q[row + 2][d + 1] * k1 + Q[row + 2][d + 2] * k2 + Q[row + 2][d + 3] * k3;
      s3 += Q[row + 3][d] * k0 + Q[row + 3][d + 1] * k1 + Q[row + 3][d + 2] * k2 + Q[row + 3][d + 3] * k3;
    }
  }
  const hidden = this.constants.hidden;
  return [
    j <= Math.min(last, limit) ? s0 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep) ? s1 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 2) ? s2 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 3) ? s3 * this.constants.scale : hidden,
  ];
}

export function runningMax(
  this: Thread<{ keys: number; hidden: number }>,
  S: number[][][],
  soFar: number[][],
  keyTile: number[],
): number[] {
  // S [tileRows/4, tileKeys, 4], soFar [tileRows/4, 4] → largest score of each row so far [tileRows/4, 4]
  const block = this.thread.x;
  const isFirst = keyTile[0] < 0.5;
  let m0 = isFirst ? this.constants.hidden : soFar[block][0];
  let m1 = isFirst ? this.constants.hidden : soFar[block][1];
  let m2 = isFirst ? this.constants.hidden : soFar[block][2];
  let m3 = isFirst ? this.constants.hidden : soFar[block][3];
  for (let j = 0; j < this.constants.keys; j++) {
    m0 = Math.max(m0, S[block][j][0]);
    m1 = Math.max(m1, S[block][j][1]);
    m2 = Math.max(m2, S[block][j][2]);
    m3 = Math.max(m3, S[block][j][3]);
  }
  return [m0, m1, m2, m3];
}

export function decayOf(
  this: Thread<Record<never, never>>,
  soFar: number[][],
  largest: number[][],
  keyTile: number[],
): number[] {
  // soFar, largest [tileRows/4, 4] → the factor [tileRows/4, 4] that takes sums from the old largest score to the new one; 0 in
  // the first tile, so that nothing is left of the tile of rows before
  const block = this.thread.x;
  if (keyTile[0] < 0.5) return [0, 0, 0, 0];
  return [
    Math.exp(soFar[block][0] - largest[block][0]),
    Math.exp(soFar[block][1] - largest[block][1]),
    Math.exp(soFar[block][2] - largest[block][2]),
    Math.exp(soFar[block][3] - largest[block][3]),
  ];
}

export function runningSum(
  this: Thread<{ keys: number }>,
  P: number[][][],
  soFar: number[][],
  decay: number[][],
  keyTile: number[],
): number[] {
  // P [tileRows/4, tileKeys, 4], soFar, decay [tileRows/4, 4] → sum of the exponentials so far [tileRows/4, 4]
  const block = this.thread.x;
  const isFirst = keyTile[0] < 0.5;
  let sum0 = isFirst ? 0 : soFar[block][0] * decay[block][0];
  let sum1 = isFirst ? 0 : soFar[block][1] * decay[block][1];
  let sum2 = isFirst ? 0 : soFar[block][2] * decay[block][2];
  let sum3 = isFirst ? 0 : soFar[block][3] * decay[block][3];
  for (let j = 0; j < this.constants.keys; j++) {
    sum0 += P[block][j][0];
    sum1 += P[block][j][1];
    sum2 += P[block][j][2];
    sum3 += P[block][j][3];
  }
  return [sum0, sum1, sum2, sum3];
}

export function accumulate(
  this: Thread<{ V: number[][][]; lastTile: number } & Visibility>,
  P: number[][][],
  soFar: number[][][],
  decay: number[][],
  sums: number[][],
  rowTile: number[],
  keyTile: number[],
): number[] {
  // P [tileRows/4, tileKeys, 4], V [heads,keys,dims] f32, soFar [tileRows/4, dims, 4], decay, sums [tileRows/4, 4]
  // → weighted values so far [tileRows/4, dims, 4], after the last tile divided by the sums of the exponentials
  const d = this.thread.x;
  const block = this.thread.y;
  const row = rowTile[0] * this.constants.tileRows + block * 4;
  const h = Math.min(Math.floor((row + 0.5) / this.constants.rowsOfHead), this.constants.lastHead);
  // The last key the first of the four rows sees; each further one sees limitStep more.
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.rowsOfHead);
  const last = Math.min(this.constants.lastKey, limit + this.constants.limitStep * 3);
  const first = keyTile[0] * this.constants.tileKeys;
  const isFirst = keyTile[0] < 0.5;
  let o0 = isFirst ? 0 : soFar[block][d][0] * decay[block][0];
  let o1 = isFirst ? 0 : soFar[block][d][1] * decay[block][1];
  let o2 = isFirst ? 0 : soFar[block][d][2] * decay[block][2];
  let o3 = isFirst ? 0 : soFar[block][d][3] * decay[block][3];
  for (let j = 0; j < this.constants.tileKeys; j++) {
    if (first + j > last) break;
    const v = this.constants.V[h][first + j][d];
    o0 += P[block][j][0] * v;
    o1 += P[block][j][1] * v;
    o2 += P[block][j][2] * v;
    o3 += P[block][j][3] * v;
  }
  const isLast = keyTile[0] > this.constants.lastTile - 0.5;
  return [
    isLast ? o0 / sums[block][0] : o0,
    isLast ? o1 / sums[block][1] : o1,
    isLast ? o2 / sums[block][2] : o2,
    isLast ? o3 / sums[block][3] : o3,
  ];
}
