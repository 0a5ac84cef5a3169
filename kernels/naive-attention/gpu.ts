import type { AttentionProblem } from '../../bench/contract/problem.ts';
import {
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
} from './gpu-attention.ts';
import { exponentials, rowMax, scores, weightedValues } from './gpu-values.ts';
import {
  appendScoresOfVectors,
  exponentialsOfVectors,
  rowStatisticsOfVectors,
  weightedVectors,
} from './gpu-vectors.ts';
import type { KeyValues } from './key-values.ts';

type Context = KernelContext<'attention', KeyValues, Record<never, never>, Gpu>;

/** All rows and all keys at once. */
export function gpuNaiveAttention({ packed, problem, runtime }: Context): Promise<PreparedKernel<'attention'>> {
  const [K, V] = [paddedKeys(packed.K, problem), paddedKeys(packed.V, problem)];
  const tileRows = problem.heads * rowsOfHead(runtime, problem);
  return prepareAttention(runtime, problem, {
    storedBytes: packed.K.byteLength + packed.V.byteLength,
    tileRows,
    build: async (program, Q) => {
      const append = isOfGpu(runtime.mode) ? appendVectors : appendValues;
      return [await append(runtime, program, Q, K, V, problem)];
    },
  });
}

async function appendVectors(
  gpu: Gpu,
  program: GpuProgram,
  Q: GpuBuffer,
  K: Resident,
  V: Resident,
  problem: AttentionProblem,
): Promise<GpuBuffer> {
  const first = program.input([1]);
  const tileRows = problem.heads * problem.M;
  const tile: Tile = { tileRows, tileKeys: K.size[1]!, rowTile: first, keyTile: first };
  const S = await appendScoresOfVectors(gpu, program, Q, K, tile, problem);
  const fours = tile.tileKeys / 4;
  const statistics = await program.step(rowStatisticsOfVectors, {
    threads: [tileRows],
    constants: { fours, hidden: HIDDEN },
    inputs: [{ vectors: S }],
  });
  const P = await program.step(exponentialsOfVectors, {
    threads: [fours, tileRows],
    constants: {},
    inputs: [{ vectors: S }, { vectors: statistics }],
  });
  return program.step(weightedVectors, {
    threads: outputThreads(gpu, problem, tileRows),
    constants: { V: { vectors: V }, fours, rowsOfHead: rowsOfHead(gpu, problem) },
    inputs: [{ vectors: P }, { vectors: statistics }],
  });
}

async function appendValues(
  gpu: Gpu,
  program: GpuProgram,
  Q: GpuBuffer,
  K: Resident,
  V: Resident,
  problem: AttentionProblem,
): Promise<GpuBuffer> {
  const [dims, keys] = [K.size[0], K.size[1]!];
  const tileRows = problem.heads * rowsOfHead(gpu, problem);
  const blocks = tileRows / 4;
  const S = await program.step(scores, {
    threads: [keys, blocks],
    constants: { K, dims, ...scoring(gpu, problem, { tileRows, tileKeys: keys }) },
    inputs: [Q],
  });
  const largest = await program.step(rowMax, { threads: [blocks], constants: { keys, hidden: HIDDEN }, inputs: [S] });
  const P = await program.step(exponentials, { threads: [keys, blocks], constants: {}, inputs: [S, largest] });
  return program.step(weightedValues, {
    threads: outputThreads(gpu, problem, tileRows),
    constants: { V, keys, rowsOfHead: rowsOfHead(gpu, problem) },
    inputs: [P],
  });
}
