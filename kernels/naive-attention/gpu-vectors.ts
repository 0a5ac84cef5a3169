// The steps of attention where a vector of four values costs no more to read than one value: on GPUs.

import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { Gpu, GpuBuffer, GpuProgram, Resident, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import { scoring, type Tile, type Visibility } from './gpu-attention.ts';

interface ScoreConstants extends Visibility {
  readonly K: number[][][][];
  readonly fours: number;
  readonly scale: number;
  readonly hidden: number;
}

/** Scores of a tile on a GPU, HIDDEN where a key is not seen: [tileRows, tileKeys/4, 4]. */
export function appendScoresOfVectors(
  gpu: Gpu,
  program: GpuProgram,
  Q: GpuBuffer,
  K: Resident,
  tile: Tile,
  problem: AttentionProblem,
): Promise<GpuBuffer> {
  const { rowTile, keyTile, tileRows, tileKeys } = tile;
  return program.step(scoresOfVectors, {
    threads: [tileKeys / 4, tileRows],
    constants: { K: { vectors: K }, fours: K.size[0] / 4, ...scoring(gpu, problem, tile) },
    inputs: [{ vectors: Q }, rowTile, keyTile],
  });
}

function scoresOfVectors(
  this: Thread<ScoreConstants>,
  Q: number[][][],
  rowTile: number[],
  keyTile: number[],
): number[] {
  // Q [rows, dims/4, 4] f32, K [heads, keys, dims/4, 4] f32 → S [tileRows, tileKeys/4, 4]
  const row = rowTile[0] * this.constants.tileRows + this.thread.y;
  // Half a row is added because f32 division may end just below a whole number, which floor would take for the head before.
  const h = Math.min(Math.floor((row + 0.5) / this.constants.rowsOfHead), this.constants.lastHead);
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.rowsOfHead);
  const last = Math.min(this.constants.lastKey, limit);
  const j = keyTile[0] * this.constants.tileKeys + this.thread.x * 4;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  if (j <= last) {
    for (let d = 0; d < this.constants.fours; d++) {
      const q = Q[row][d];
      const a = this.constants.K[h][j][d];
      const b = this.constants.K[h][j + 1][d];
      const c = this.constants.K[h][j + 2][d];
      const e = this.constants.K[h][j + 3][d];
      s0 += q[0] * a[0] + q[1] * a[1] + q[2] * a[2] + q[3] * a[3];
      s1 += q[0] * b[0] + q[1] * b[1] + q[2] * b[2] + q[3] * b[3];
      s2 += q[0] * c[0] + q[1] * c[1] + q[2] * c[2] + q[3] * c[3];
      s3 += q[0] * e[0] + q[1] * e[1] + q[2] * e[2] + q[3] * e[3];
    }
  }
  return [
    j <= last ? s0 * this.constants.scale : this.constants.hidden,
    j + 1 <= last ? s1 * this.constants.scale : this.constants.hidden,
    j + 2 <= last ? s2 * this.constants.scale : this.constants.hidden,
    j + 3 <= last ? s3 * this.constants.scale : this.constants.hidden,
  ];
}

export function rowStatisticsOfVectors(this: Thread<{ fours: number; hidden: number }>, S: number[][][]): number[] {
  // S [rows, keys/4, 4] → [rows, 4]: the largest score, the sum of the exponentials beside it
  let largest = this.constants.hidden;
  for (let j = 0; j < this.constants.fours; j++) {
    const s = S[this.thread.x][j];
    largest = Math.max(largest, Math.max(Math.max(s[0], s[1]), Math.max(s[2], s[3])));
  }
  let sum = 0;
  for (let j = 0; j < this.constants.fours; j++) {
    const s = S[this.thread.x][j];
    sum += Math.exp(s[0] - largest) + Math.exp(s[1] - largest) + Math.exp(s[2] - largest) + Math.exp(s[3] - largest);
  }
  return [largest, sum, 0, 0];
}

export function exponentialsOfVectors(
  this: Thread<Record<never, never>>,
  S: number[][][],
  statistics: number[][],
): number[] {
  // S [rows, keys/4, 4], statistics [rows, 4] with the largest scores → P [rows, keys/4, 4]
  const s = S[this.thread.y][this.thread.x];
  const row = statistics[this.thread.y];
  return [Math.exp(s[0] - row[0]), Math.exp(s[1] - row[0]), Math.exp(s[2] - row[0]), Math.exp(s[3] - row[0])];
}

export function weightedVectors(
  this: Thread<{ V: number[][][][]; fours: number; rowsOfHead: number }>,
  P: number[][][],
  statistics: number[][],
): number[] {
  // P [rows, keys/4, 4], V [heads, keys, dims/4, 4] f32, statistics [rows, 4] → O [rows, dims/4, 4]
  const h = Math.floor((this.thread.y + 0.5) / this.constants.rowsOfHead);
  let o0 = 0;
  let o1 = 0;
  let o2 = 0;
  let o3 = 0;
  for (let j = 0; j < this.constants.fours; j++) {
    const p = P[this.thread.y][j];
    const a = this.constants.V[h][j * 4][this.thread.x];
    const b = this.constants.V[h][j * 4 + 1][this.thread.x];
    const c = this.constants.V[h][j * 4 + 2][this.thread.x];
    const e = this.constants.V[h][j * 4 + 3][this.thread.x];
    o0 += p[0] * a[0] + p[1] * b[0] + p[2] * c[0] + p[3] * e[0];
    o1 += p[0] * a[1] + p[1] * b[1] + p[2] * c[1] + p[3] * e[1];
    o2 += p[0] * a[2] + p[1] * b[2] + p[2] * c[2] + p[3] * e[2];
    o3 += p[0] * a[3] + p[1] * b[3] + p[2] * c[3] + p[3] * e[3];
  }
  const row = statistics[this.thread.y];
  return [o0 / row[1], o1 / row[1], o2 / row[1], o3 / row[1]];
}
