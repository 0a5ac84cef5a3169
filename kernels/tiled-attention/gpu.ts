import type { Carry, Gpu, GpuBuffer, GpuProgram, Resident, Thread } from '../../bench/backends/gpujs.ts';
import type { AttentionProblem } from '../../bench/problem.ts';
import type { KernelContext, PreparedKernel } from '../../bench/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { exponentials } from '../naive-attention/gpu.ts';
import {
  blocksPerHead,
  HIDDEN,
  paddedDim,
  paddedKeys,
  prepareAttention,
  visibility,
} from '../naive-attention/gpu-attention.ts';
import type { KeyValues } from '../naive-attention/technique.ts';

type Context = KernelContext<'attention', KeyValues, { readonly tileSize: number }, Gpu>;

/**
 * Tiles of keys one after another, each with all queries at once: what lies in memory beside K and V grows with
 * M·tileSize, not M·seqLen. The running sums of the exponentials ride along as one more dimension of O, because V has
 * one more, of ones.
 */
export function gpuTiledAttention({ packed, problem, params, runtime }: Context): Promise<PreparedKernel<'attention'>> {
  const { heads, headDim, seqLen } = problem;
  const { tileSize } = params;
  const blocks = blocksPerHead(problem);
  const dims = paddedDim(problem);
  const tiles = Math.ceil(seqLen / tileSize);
  const K = paddedKeys(packed.K, problem, tiles * tileSize, dims);
  const V = withOnes(paddedKeys(packed.V, problem, tiles * tileSize, roundUp(headDim + 1, 4)), problem);
  const shape = { blocks, tileSize, ...visibility(problem) };
  return prepareAttention(runtime, problem, {
    storedBytes: packed.K.byteLength + packed.V.byteLength,
    build: async (program, Q) => {
      let sums: GpuBuffer | undefined;
      await program.repeat(tiles, async (tile) => {
        const constants = { ...shape, K, dims, scale: 1 / Math.sqrt(headDim), hidden: HIDDEN };
        const S = await program.step(tileScores, {
          threads: [tileSize, heads * blocks],
          constants,
          inputs: [Q, tile],
        });
        const carried = await foldTile(program, S, tile, { ...shape, V }, heads * blocks);
        sums = carried[1].from;
        return carried;
      });
      return program.step(normalize, {
        threads: [dims, heads * blocks],
        constants: { sumDim: headDim },
        inputs: [sums!],
      });
    },
  });
}

interface TileShape {
  readonly blocks: number;
  readonly tileSize: number;
  readonly lastKey: number;
  readonly firstLimit: number;
  readonly limitStep: number;
}

/** Takes the scores of a tile into the largest scores and the weighted sums so far, and carries both on. */
async function foldTile(
  program: GpuProgram,
  S: GpuBuffer,
  tile: GpuBuffer,
  shape: TileShape & { readonly V: Resident },
  allBlocks: number,
): Promise<readonly [Carry, Carry]> {
  const { tileSize, V } = shape;
  const largestSoFar = program.input([4, allBlocks]);
  const sumsSoFar = program.input([4, V.size[0], allBlocks]);
  const largest = await program.step(runningMax, {
    threads: [allBlocks],
    constants: { tileSize, hidden: HIDDEN },
    inputs: [S, largestSoFar, tile],
  });
  const decay = await program.step(decayOf, {
    threads: [allBlocks],
    constants: {},
    inputs: [largestSoFar, largest, tile],
  });
  const P = await program.step(exponentials, {
    threads: [tileSize, allBlocks],
    constants: {},
    inputs: [S, largest],
  });
  const sums = await program.step(accumulate, {
    threads: [V.size[0], allBlocks],
    constants: shape,
    inputs: [P, sumsSoFar, decay, tile],
  });
  return [
    { from: largest, to: largestSoFar },
    { from: sums, to: sumsSoFar },
  ];
}

function tileScores(
  this: Thread<{ K: number[][][]; dims: number; scale: number; hidden: number } & TileShape>,
  Q: number[][],
  tile: number[],
): number[] {
  // Q [4·blocks,dims] f32, K [heads,keys,dims] f32 → S [blocks, tileSize, 4]
  const row = this.thread.y * 4;
  // Half a block more, since a quotient just below the integer it should be would name the head before.
  const h = Math.floor((this.thread.y + 0.5) / this.constants.blocks);
  const first = tile[0] * this.constants.tileSize;
  const j = first + this.thread.x;
  const limit = this.constants.firstLimit + this.constants.limitStep * (row - h * this.constants.blocks * 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  if (first <= limit + this.constants.limitStep * 3) {
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
  }
  const hidden = this.constants.hidden;
  const last = this.constants.lastKey;
  return [
    j <= Math.min(last, limit) ? s0 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep) ? s1 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 2) ? s2 * this.constants.scale : hidden,
    j <= Math.min(last, limit + this.constants.limitStep * 3) ? s3 * this.constants.scale : hidden,
  ];
}

function runningMax(
  this: Thread<{ tileSize: number; hidden: number }>,
  S: number[][][],
  soFar: number[][],
  tile: number[],
): number[] {
  // S [blocks, tileSize, 4], soFar [blocks, 4] → largest score of each row so far [blocks, 4]
  const block = this.thread.x;
  const isFirst = tile[0] < 0.5;
  let m0 = isFirst ? this.constants.hidden : soFar[block][0];
  let m1 = isFirst ? this.constants.hidden : soFar[block][1];
  let m2 = isFirst ? this.constants.hidden : soFar[block][2];
  let m3 = isFirst ? this.constants.hidden : soFar[block][3];
  for (let j = 0; j < this.constants.tileSize; j++) {
    m0 = Math.max(m0, S[block][j][0]);
    m1 = Math.max(m1, S[block][j][1]);
    m2 = Math.max(m2, S[block][j][2]);
    m3 = Math.max(m3, S[block][j][3]);
  }
  return [m0, m1, m2, m3];
}

function decayOf(this: Thread<Record<never, never>>, soFar: number[][], largest: number[][], tile: number[]): number[] {
  // soFar, largest [blocks, 4] → what the sums so far must be multiplied by [blocks, 4]; nothing is left of a run before
  const block = this.thread.x;
  if (tile[0] < 0.5) return [0, 0, 0, 0];
  return [
    Math.exp(soFar[block][0] - largest[block][0]),
    Math.exp(soFar[block][1] - largest[block][1]),
    Math.exp(soFar[block][2] - largest[block][2]),
    Math.exp(soFar[block][3] - largest[block][3]),
  ];
}

function accumulate(
  this: Thread<{ V: number[][][] } & TileShape>,
  P: number[][][],
  soFar: number[][][],
  decay: number[][],
  tile: number[],
): number[] {
  // P [blocks, tileSize, 4], V [heads,keys,dims] f32, soFar [blocks, dims, 4], decay [blocks, 4] → sums [blocks, dims, 4]
  const d = this.thread.x;
  const block = this.thread.y;
  const h = Math.floor((block + 0.5) / this.constants.blocks);
  const first = tile[0] * this.constants.tileSize;
  const limit = this.constants.firstLimit + this.constants.limitStep * (block - h * this.constants.blocks) * 4;
  let o0 = soFar[block][d][0] * decay[block][0];
  let o1 = soFar[block][d][1] * decay[block][1];
  let o2 = soFar[block][d][2] * decay[block][2];
  let o3 = soFar[block][d][3] * decay[block][3];
  if (first <= limit + this.constants.limitStep * 3) {
    for (let j = 0; j < this.constants.tileSize; j++) {
      const v = this.constants.V[h][first + j][d];
      o0 += P[block][j][0] * v;
      o1 += P[block][j][1] * v;
      o2 += P[block][j][2] * v;
      o3 += P[block][j][3] * v;
    }
  }
  return [o0, o1, o2, o3];
}

function normalize(this: Thread<{ sumDim: number }>, sums: number[][][]): number[] {
  // sums [blocks, dims, 4] with those of the exponentials at sumDim → O [blocks, dims, 4]
  const d = this.thread.x;
  const block = this.thread.y;
  return [
    sums[block][d][0] / sums[block][this.constants.sumDim][0],
    sums[block][d][1] / sums[block][this.constants.sumDim][1],
    sums[block][d][2] / sums[block][this.constants.sumDim][2],
    sums[block][d][3] / sums[block][this.constants.sumDim][3],
  ];
}

/** V [heads, keys, dims] with ones at dimension headDim of every key there is. */
function withOnes(V: Resident, { heads, seqLen, headDim }: AttentionProblem): Resident {
  const [dims, keys] = V.size;
  for (let h = 0; h < heads; h++) {
    for (let j = 0; j < seqLen; j++) V.values[(h * keys! + j) * dims + headDim] = 1;
  }
  return V;
}
