// The products of attention for GPUs, whose modes read four bytes at once: a code to a byte, or two as digits of it. The four bytes
// of a texel hold a digit each of four successive dimensions, and where there are two, of the four after those.
import type { Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { Visibility } from '../naive-attention/gpu-attention.ts';

export interface DigitConstants {
  /** Codes of a byte, and what the second of them counts in it. */
  readonly digits: number;
  readonly base: number;
  readonly inverse: number;
  /** The code of 0. */
  readonly zero: number;
}

interface ScoreConstants extends Visibility, DigitConstants {
  readonly K: number[][][][];
  readonly scales: number[][][];
  /** Fours of Q's dimensions. */
  readonly fours: number;
  readonly blocks: number;
  /** Texels of a block. */
  readonly texels: number;
  readonly scale: number;
  readonly hidden: number;
}

export function scoresOfDigits(this: Thread<ScoreConstants>, Q: number[][][]): number[] {
  // Q [rows, dims/4, 4] f32, K [heads, keys, blocks·texels, 4] of digits, scales [heads,keys,blocks] → S [rows, keys/4, 4]
  const row = this.thread.y;
  // Half a row is added because f32 division may end just below a whole number, which floor would take for the head before.
  const h = Math.floor((row + 0.5) / this.constants.rowsOfHead);
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.rowsOfHead);
  const last = Math.min(this.constants.lastKey, limit);
  const first = this.thread.x * 4;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let key = 0; key < 4; key++) {
    let s = 0;
    if (first + key <= last) {
      for (let g = 0; g < this.constants.blocks; g++) {
        let sum = 0;
        for (let t = 0; t < this.constants.texels; t++) {
          const k = this.constants.K[h][first + key][g * this.constants.texels + t];
          let b0 = Math.floor(k[0] * 255 + 0.5);
          let b1 = Math.floor(k[1] * 255 + 0.5);
          let b2 = Math.floor(k[2] * 255 + 0.5);
          let b3 = Math.floor(k[3] * 255 + 0.5);
          for (let i = 0; i < this.constants.digits; i++) {
            const rest0 = Math.floor(b0 * this.constants.inverse);
            const rest1 = Math.floor(b1 * this.constants.inverse);
            const rest2 = Math.floor(b2 * this.constants.inverse);
            const rest3 = Math.floor(b3 * this.constants.inverse);
            const d = g * 8 + t * this.constants.digits + i;
            if (d < this.constants.fours) {
              const q = Q[row][d];
              sum += q[0] * (b0 - rest0 * this.constants.base - this.constants.zero);
              sum += q[1] * (b1 - rest1 * this.constants.base - this.constants.zero);
              sum += q[2] * (b2 - rest2 * this.constants.base - this.constants.zero);
              sum += q[3] * (b3 - rest3 * this.constants.base - this.constants.zero);
            }
            b0 = rest0;
            b1 = rest1;
            b2 = rest2;
            b3 = rest3;
          }
        }
        s += sum * this.constants.scales[h][first + key][g];
      }
    }
    if (key === 0) s0 = s;
    if (key === 1) s1 = s;
    if (key === 2) s2 = s;
    if (key === 3) s3 = s;
  }
  return [
    first <= last ? s0 * this.constants.scale : this.constants.hidden,
    first + 1 <= last ? s1 * this.constants.scale : this.constants.hidden,
    first + 2 <= last ? s2 * this.constants.scale : this.constants.hidden,
    first + 3 <= last ? s3 * this.constants.scale : this.constants.hidden,
  ];
}

interface WeighConstants extends DigitConstants {
  readonly V: number[][][][];
  readonly scales: number[][][];
  /** Fours of keys. */
  readonly fours: number;
  readonly rowsOfHead: number;
}

export function weightedDigits(this: Thread<WeighConstants>, P: number[][][], statistics: number[][]): number[] {
  // P [rows, keys/4, 4], V [heads, keys, blocks·texels, 4] of digits, scales [heads,keys,blocks], statistics [rows, 4]
  // → O [rows, dims/4, 4]
  const row = this.thread.y;
  const h = Math.floor((row + 0.5) / this.constants.rowsOfHead);
  const g = Math.floor((this.thread.x + 0.5) / 8);
  const t = Math.floor((this.thread.x + 0.5) / this.constants.digits);
  // 1 where the codes are the second digits, else 0.
  const second = this.thread.x - t * this.constants.digits;
  let o0 = 0;
  let o1 = 0;
  let o2 = 0;
  let o3 = 0;
  for (let j = 0; j < this.constants.fours; j++) {
    for (let key = 0; key < 4; key++) {
      const v = this.constants.V[h][j * 4 + key][t];
      const p = P[row][j][key] * this.constants.scales[h][j * 4 + key][g];
      const b0 = Math.floor(v[0] * 255 + 0.5);
      const b1 = Math.floor(v[1] * 255 + 0.5);
      const b2 = Math.floor(v[2] * 255 + 0.5);
      const b3 = Math.floor(v[3] * 255 + 0.5);
      const rest0 = Math.floor(b0 * this.constants.inverse);
      const rest1 = Math.floor(b1 * this.constants.inverse);
      const rest2 = Math.floor(b2 * this.constants.inverse);
      const rest3 = Math.floor(b3 * this.constants.inverse);
      o0 += p * ((second > 0.5 ? rest0 : b0 - rest0 * this.constants.base) - this.constants.zero);
      o1 += p * ((second > 0.5 ? rest1 : b1 - rest1 * this.constants.base) - this.constants.zero);
      o2 += p * ((second > 0.5 ? rest2 : b2 - rest2 * this.constants.base) - this.constants.zero);
      o3 += p * ((second > 0.5 ? rest3 : b3 - rest3 * this.constants.base) - this.constants.zero);
    }
  }
  const ofRow = statistics[row];
  return [o0 / ofRow[1], o1 / ofRow[1], o2 / ofRow[1], o3 / ofRow[1]];
}
