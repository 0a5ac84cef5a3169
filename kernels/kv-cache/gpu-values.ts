// The products of attention for the modes on the host, which read values one by one and hold codes as f32. As in naive attention a
// thread computes one key or one dimension for a block of four rows, which are the last dimension of S, P and O.
import type { Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { Visibility } from '../naive-attention/gpu-attention.ts';

interface ScoreConstants extends Visibility {
  readonly K: number[][][];
  readonly scales: number[][][];
  readonly dims: number;
  readonly blocks: number;
  readonly scale: number;
  readonly hidden: number;
}

export function scoresOfCodes(this: Thread<ScoreConstants>, Q: number[][]): number[] {
  // Q [rows,dims] f32, K [heads,keys,dims] of codes, scales [heads,keys,blocks] → S [rows/4, keys, 4]
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
  for (let g = 0; g < this.constants.blocks; g++) {
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    for (let i = 0; i < 32; i++) {
      const d = g * 32 + i;
      if (d >= this.constants.dims) break;
      const k = this.constants.K[h][j][d];
      b0 += Q[row][d] * k;
      b1 += Q[row + 1][d] * k;
      b2 += Q[row + 2][d] * k;
      b3 += Q[row + 3][d] * k;
    }
    const scale = this.constants.scales[h][j][g];
    s0 += b0 * scale;
    s1 += b1 * scale;
    s2 += b2 * scale;
    s3 += b3 * scale;
  }
  const hidden = this.constants.hidden;
  return [
    j <= Math.min(last, limit) ? s0 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep) ? s1 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 2) ? s2 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 3) ? s3 * this.constants.scale : hidden,
  ];
}

export function weightedCodes(
  this: Thread<{ V: number[][][]; scales: number[][][]; keys: number; rowsOfHead: number }>,
  P: number[][][],
): number[] {
  // P [rows/4, keys, 4], V [heads,keys,dims] of codes, scales [heads,keys,blocks] → O [rows/4, dims, 4]
  const d = this.thread.x;
  const block = this.thread.y;
  const h = Math.floor((block * 4 + 0.5) / this.constants.rowsOfHead);
  const g = Math.floor((d + 0.5) / 32);
  let o0 = 0;
  let o1 = 0;
  let o2 = 0;
  let o3 = 0;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let j = 0; j < this.constants.keys; j++) {
    const v = this.constants.V[h][j][d] * this.constants.scales[h][j][g];
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
