// What tiling adds to the steps of attention, where a vector of four values costs no more to read than one value: on GPUs.
import type { Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { Visibility } from '../naive-attention/gpu-attention.ts';

export function runningStatisticsOfVectors(
  this: Thread<{ fours: number; hidden: number }>,
  S: number[][][],
  soFar: number[][][],
  keyTile: number[],
): number[] {
  // S [tileRows, tileKeys/4, 4], soFar [tileRows, 1, 4] → [tileRows, 4]: the largest score so far, the sum of the exponentials
  // relative to it, and the factor that takes older sums from the old largest score to this one. The factor is 0 in the first
  // tile, so that nothing is left of the tile of rows before
  const old = soFar[this.thread.x][0];
  const isFirst = keyTile[0] < 0.5;
  const before = isFirst ? this.constants.hidden : old[0];
  let largest = before;
  for (let j = 0; j < this.constants.fours; j++) {
    const s = S[this.thread.x][j];
    largest = Math.max(largest, Math.max(Math.max(s[0], s[1]), Math.max(s[2], s[3])));
  }
  const decay = isFirst ? 0 : Math.exp(before - largest);
  let sum = isFirst ? 0 : old[1] * decay;
  for (let j = 0; j < this.constants.fours; j++) {
    const s = S[this.thread.x][j];
    sum += Math.exp(s[0] - largest) + Math.exp(s[1] - largest) + Math.exp(s[2] - largest) + Math.exp(s[3] - largest);
  }
  return [largest, sum, decay, 0];
}

export function accumulateVectors(
  this: Thread<{ V: number[][][][]; fours: number; lastTile: number } & Visibility>,
  P: number[][][],
  statistics: number[][],
  soFar: number[][][][],
  rowTile: number[],
  keyTile: number[],
): number[] {
  // P [tileRows, tileKeys/4, 4], V [heads, keys, dims/4, 4] f32, statistics [tileRows, 4], soFar [tileRows, dims/4, 1, 4]
  // → sums [tileRows, dims/4, 4], after the last tile divided by those of the exponentials
  const row = rowTile[0] * this.constants.tileRows + this.thread.y;
  const h = Math.min(Math.floor((row + 0.5) / this.constants.rowsOfHead), this.constants.lastHead);
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.rowsOfHead);
  const last = Math.min(this.constants.lastKey, limit);
  const first = keyTile[0] * this.constants.tileKeys;
  const old = soFar[this.thread.y][this.thread.x][0];
  const isFirst = keyTile[0] < 0.5;
  const of = statistics[this.thread.y];
  let o0 = isFirst ? 0 : old[0] * of[2];
  let o1 = isFirst ? 0 : old[1] * of[2];
  let o2 = isFirst ? 0 : old[2] * of[2];
  let o3 = isFirst ? 0 : old[3] * of[2];
  for (let i = 0; i < this.constants.fours; i++) {
    const j = first + i * 4;
    if (j > last) break;
    const p = P[this.thread.y][i];
    const a = this.constants.V[h][j][this.thread.x];
    const b = this.constants.V[h][j + 1][this.thread.x];
    const c = this.constants.V[h][j + 2][this.thread.x];
    const e = this.constants.V[h][j + 3][this.thread.x];
    o0 += p[0] * a[0] + p[1] * b[0] + p[2] * c[0] + p[3] * e[0];
    o1 += p[0] * a[1] + p[1] * b[1] + p[2] * c[1] + p[3] * e[1];
    o2 += p[0] * a[2] + p[1] * b[2] + p[2] * c[2] + p[3] * e[2];
    o3 += p[0] * a[3] + p[1] * b[3] + p[2] * c[3] + p[3] * e[3];
  }
  const sum = keyTile[0] > this.constants.lastTile - 0.5 ? of[1] : 1;
  return [o0 / sum, o1 / sum, o2 / sum, o3 / sum];
}
