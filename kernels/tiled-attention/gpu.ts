import type { AttentionProblem } from '../../bench/contract/problem.ts';
import {
  type Carry,
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Resident,
} from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import {
  HIDDEN,
  outputThreads,
  paddedKeys,
  prepareAttention,
  rowsOfHead,
  scoring,
  type Tile,
  visibility,
} from '../naive-attention/gpu-attention.ts';
import { exponentials } from '../naive-attention/gpu-values.ts';
import { appendScoresOfVectors, exponentialsOfVectors } from '../naive-attention/gpu-vectors.ts';
import type { KeyValues } from '../naive-attention/key-values.ts';
import { accumulate, decayOf, runningMax, runningSum, tileScores } from './gpu-values.ts';
import { accumulateVectors, runningStatisticsOfVectors } from './gpu-vectors.ts';

type Context = KernelContext<'attention', KeyValues, { readonly tileSize: number }, Gpu>;

/**
 * The most query rows of a tile, which may belong to several heads. A row takes 8·(tileSize + headDim) bytes of scratch and some
 * 32 more, however many queries and keys there are, so a tile stays below a MiB. On a GPU a tile must be larger, since a step
 * has only tileSize/4 or headDim/4 threads for each row, and each tile costs submissions of its own.
 */
export const MAX_TILE_ROWS = { gpu: 512, host: 128 };

/** Tiles of rows one after another, for each of them tiles of keys one after another. */
export function gpuTiledAttention({ packed, problem, params, runtime }: Context): Promise<PreparedKernel<'attention'>> {
  const rows = problem.heads * rowsOfHead(runtime, problem);
  const tileRows = Math.min(rows, isOfGpu(runtime.mode) ? MAX_TILE_ROWS.gpu : MAX_TILE_ROWS.host);
  const [K, V] = [paddedKeys(packed.K, problem), paddedKeys(packed.V, problem)];
  return prepareAttention(runtime, problem, {
    storedBytes: packed.K.byteLength + packed.V.byteLength,
    tileRows,
    build: async (program, Q) => {
      const size = [4, ...outputThreads(runtime, problem, tileRows)] as const;
      const parts = Array.from({ length: Math.ceil(rows / tileRows) }, () => program.input(size));
      const soFar = program.input(size);
      await program.repeat(parts.length, async (rowTile) => {
        let O = soFar;
        await program.repeat(Math.ceil(problem.seqLen / params.tileSize), async (keyTile) => {
          const tile: Tile = { tileRows, tileKeys: params.tileSize, rowTile, keyTile };
          const fold = isOfGpu(runtime.mode) ? foldVectors : foldValues;
          const carried = await fold(runtime, program, [Q, soFar], [K, V], tile, problem);
          O = carried[0].from;
          return carried;
        });
        return [{ from: O, to: parts }];
      });
      return parts;
    },
  });
}

/** Takes a tile into the weighted values so far, which are carried on first, with what belongs to them. */
type Fold = (
  gpu: Gpu,
  program: GpuProgram,
  buffers: readonly [Q: GpuBuffer, soFar: GpuBuffer],
  resident: readonly [K: Resident, V: Resident],
  tile: Tile,
  problem: AttentionProblem,
) => Promise<readonly [Carry, ...Carry[]]>;

const foldVectors: Fold = async (gpu, program, [Q, soFar], [K, V], tile, problem) => {
  const { rowTile, keyTile, tileRows, tileKeys } = tile;
  const fours = tileKeys / 4;
  const S = await appendScoresOfVectors(gpu, program, Q, K, tile, problem);
  const statisticsSoFar = program.input([4, tileRows]);
  const statistics = await program.step(runningStatisticsOfVectors, {
    threads: [tileRows],
    constants: { fours, hidden: HIDDEN },
    inputs: [{ vectors: S }, { vectors: statisticsSoFar }, keyTile],
  });
  const P = await program.step(exponentialsOfVectors, {
    threads: [fours, tileRows],
    constants: {},
    inputs: [{ vectors: S }, { vectors: statistics }],
  });
  const O = await program.step(accumulateVectors, {
    threads: outputThreads(gpu, problem, tileRows),
    constants: { V: { vectors: V }, fours, lastTile: lastTile(problem, tile), ...visibility(gpu, problem, tile) },
    inputs: [{ vectors: P }, { vectors: statistics }, { vectors: soFar }, rowTile, keyTile],
  });
  return [
    { from: O, to: soFar },
    { from: statistics, to: statisticsSoFar },
  ];
};

const foldValues: Fold = async (gpu, program, [Q, soFar], [K, V], tile, problem) => {
  const { rowTile, keyTile, tileRows, tileKeys: keys } = tile;
  const blocks = tileRows / 4;
  const S = await program.step(tileScores, {
    threads: [keys, blocks],
    constants: { K, fours: K.size[0] / 4, ...scoring(gpu, problem, tile) },
    inputs: [Q, rowTile, keyTile],
  });
  const [largestSoFar, sumsSoFar] = [program.input([4, blocks]), program.input([4, blocks])];
  const largest = await program.step(runningMax, {
    threads: [blocks],
    constants: { keys, hidden: HIDDEN },
    inputs: [S, largestSoFar, keyTile],
  });
  const decay = await program.step(decayOf, {
    threads: [blocks],
    constants: {},
    inputs: [largestSoFar, largest, keyTile],
  });
  const P = await program.step(exponentials, { threads: [keys, blocks], constants: {}, inputs: [S, largest] });
  const sums = await program.step(runningSum, {
    threads: [blocks],
    constants: { keys },
    inputs: [P, sumsSoFar, decay, keyTile],
  });
  const O = await program.step(accumulate, {
    threads: outputThreads(gpu, problem, tileRows),
    constants: { V, lastTile: lastTile(problem, tile), ...visibility(gpu, problem, tile) },
    inputs: [P, soFar, decay, sums, rowTile, keyTile],
  });
  return [
    { from: O, to: soFar },
    { from: largest, to: largestSoFar },
    { from: sums, to: sumsSoFar },
  ];
};

function lastTile({ seqLen }: AttentionProblem, { tileKeys }: Tile): number {
  return Math.ceil(seqLen / tileKeys) - 1;
}
