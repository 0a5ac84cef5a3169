import type { Gpu, Thread } from '../../bench/backends/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { blocksPerHead, HIDDEN, paddedDim, paddedKeys, prepareAttention, visibility } from './gpu-attention.ts';
import type { KeyValues } from './technique.ts';

type Context = KernelContext<'attention', KeyValues, Record<never, never>, Gpu>;

export function gpuNaiveAttention({ packed, problem, runtime }: Context): Promise<PreparedKernel<'attention'>> {
  const { heads, headDim, seqLen } = problem;
  const dims = paddedDim(problem);
  const keys = roundUp(seqLen, 4);
  const blocks = blocksPerHead(problem);
  const allBlocks = heads * blocks;
  return prepareAttention(runtime, problem, {
    storedBytes: packed.K.byteLength + packed.V.byteLength,
    build: async (program, Q) => {
      const S = await program.step(scores, {
        threads: [keys, allBlocks],
        constants: {
          K: paddedKeys(packed.K, problem, keys, dims),
          dims,
          blocks,
          scale: 1 / Math.sqrt(headDim),
          hidden: HIDDEN,
          ...visibility(problem),
        },
        inputs: [Q],
      });
      const largest = await program.step(rowMax, {
        threads: [allBlocks],
        constants: { keys, hidden: HIDDEN },
        inputs: [S],
      });
      const P = await program.step(exponentials, { threads: [keys, allBlocks], constants: {}, inputs: [S, largest] });
      return program.step(weightedValues, {
        threads: [dims, allBlocks],
        constants: { V: paddedKeys(packed.V, problem, keys, dims), keys, blocks },
        inputs: [P],
      });
    },
  });
}

interface ScoreConstants {
  K: number[][][];
  dims: number;
  blocks: number;
  scale: number;
  hidden: number;
  lastKey: number;
  firstLimit: number;
  limitStep: number;
}

function scores(this: Thread<ScoreConstants>, Q: number[][]): number[] {
  // Q [4·blocks,dims] f32, K [heads,keys,dims] f32 → S [blocks, keys, 4]
  const j = this.thread.x;
  const row = this.thread.y * 4;
  // Half a block more, since a quotient just below the integer it should be would name the head before.
  const h = Math.floor((this.thread.y + 0.5) / this.constants.blocks);
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
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.blocks * 4);
  const last = this.constants.lastKey;
  return [
    j <= Math.min(last, limit) ? s0 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep) ? s1 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 2) ? s2 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 3) ? s3 * this.constants.scale : hidden,
  ];
}

function rowMax(this: Thread<{ keys: number; hidden: number }>, S: number[][][]): number[] {
  // S [blocks, keys, 4] → largest score of each row [blocks, 4]
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
  // S [blocks, keys, 4], largest [blocks, 4] → P [blocks, keys, 4]
  const j = this.thread.x;
  const block = this.thread.y;
  return [
    Math.exp(S[block][j][0] - largest[block][0]),
    Math.exp(S[block][j][1] - largest[block][1]),
    Math.exp(S[block][j][2] - largest[block][2]),
    Math.exp(S[block][j][3] - largest[block][3]),
  ];
}

function weightedValues(this: Thread<{ V: number[][][]; keys: number; blocks: number }>, P: number[][][]): number[] {
  // P [blocks, keys, 4], V [heads,keys,dims] f32 → O [blocks, dims, 4]
  const d = this.thread.x;
  const block = this.thread.y;
  const h = Math.floor((block + 0.5) / this.constants.blocks);
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
