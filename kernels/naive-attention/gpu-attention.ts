// What the gpu.js kernels of both attentions have in common. The query rows of all heads lie one below the other. On a GPU,
// where vectors can be read, a thread computes four keys or four dimensions of one row (gpu-vectors.ts); on the host one key
// or dimension of four rows (gpu-values.ts), and the rows of a head are padded to whole fours.

import type { AttentionProblem } from '../../bench/contract/problem.ts';
import {
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Resident,
} from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';

export interface AttentionPlan {
  /** Bytes of K and V as they come. What the kernel's own form of them takes beyond counts as workspace. */
  readonly storedBytes: number;
  /** Query rows computed at once; Q has a multiple of them. */
  readonly tileRows: number;
  /** Appends the steps that compute O from Q [rows, paddedDim], in parts of `outputThreads` that return four. */
  build(program: GpuProgram, Q: GpuBuffer): Promise<readonly GpuBuffer[]>;
}

/** Which of Q's rows are computed at once, and with which keys. */
export interface Tile {
  readonly tileRows: number;
  readonly tileKeys: number;
  /** Numbers of the tiles. */
  readonly rowTile: GpuBuffer;
  readonly keyTile: GpuBuffer;
}

/** What tells a kernel which keys a row may see. */
export interface Visibility {
  readonly rowsOfHead: number;
  readonly lastHead: number;
  readonly tileRows: number;
  readonly tileKeys: number;
  readonly lastKey: number;
  readonly firstLimit: number;
  readonly limitStep: number;
}

export function rowsOfHead({ mode }: Gpu, { M }: AttentionProblem): number {
  return isOfGpu(mode) ? M : roundUp(M, 4);
}

/** Threads of a step that computes all dimensions of so many rows. */
export function outputThreads({ mode }: Gpu, { headDim }: AttentionProblem, rows: number): readonly [number, number] {
  const dims = roundUp(headDim, 4);
  return isOfGpu(mode) ? [dims / 4, rows] : [dims, rows / 4];
}

/** What scores of hidden keys are set to: far below any score, and finite as f32. */
export const HIDDEN = -1e30;

/** The last key query i of a head sees is min(lastKey, firstLimit + limitStep·i). */
export function visibility(
  gpu: Gpu,
  problem: AttentionProblem,
  { tileRows, tileKeys }: Pick<Tile, 'tileRows' | 'tileKeys'>,
): Visibility {
  const { M, heads, seqLen, causal } = problem;
  const limits = { firstLimit: causal ? seqLen - M : seqLen - 1, limitStep: causal ? 1 : 0 };
  return {
    rowsOfHead: rowsOfHead(gpu, problem),
    lastHead: heads - 1,
    tileRows,
    tileKeys,
    lastKey: seqLen - 1,
    ...limits,
  };
}

/** Keys or values [heads, seqLen, headDim] with zeros that fill keys and dimensions up to whole fours. */
export function paddedKeys(values: Float32Array, { heads, seqLen, headDim }: AttentionProblem): Resident {
  const [keys, dims] = [roundUp(seqLen, 4), roundUp(headDim, 4)];
  const padded = new Float32Array(heads * keys * dims);
  for (let h = 0; h < heads; h++) {
    for (let j = 0; j < seqLen; j++) {
      const from = (h * seqLen + j) * headDim;
      padded.set(values.subarray(from, from + headDim), (h * keys + j) * dims);
    }
  }
  return { size: [dims, keys, heads], values: padded };
}

/** What score kernels are told beside K. */
export function scoring(gpu: Gpu, problem: AttentionProblem, tile: Pick<Tile, 'tileRows' | 'tileKeys'>) {
  return { scale: 1 / Math.sqrt(problem.headDim), hidden: HIDDEN, ...visibility(gpu, problem, tile) };
}

export async function prepareAttention(
  gpu: Gpu,
  problem: AttentionProblem,
  { storedBytes, tileRows, build }: AttentionPlan,
): Promise<PreparedKernel<'attention'>> {
  const { M, heads, headDim } = problem;
  const program = gpu.createProgram();
  const rows = rowsOfHead(gpu, problem);
  const dims = roundUp(headDim, 4);
  const padded = new Float32Array(roundUp(heads * rows, tileRows) * dims);
  const input = program.input([dims, padded.length / dims]);
  const parts = await build(program, input);
  const O = new Float32Array(heads * M * headDim);
  const place = isOfGpu(gpu.mode)
    ? (row: number, d: number) => row * dims + d
    : (row: number, d: number) => ((row >> 2) * dims + d) * 4 + (row & 3);
  const rowOf = (query: number) => Math.floor(query / M) * rows + (query % M);
  return {
    upload: ({ Q }) => {
      for (let i = 0; i < heads * M; i++) padded.set(Q.subarray(i * headDim, (i + 1) * headDim), rowOf(i) * dims);
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: async () => {
      const values: Float32Array[] = [];
      for (const part of parts) values.push(await program.read(part));
      for (let i = 0; i < heads * M; i++) {
        const part = values[Math.floor(rowOf(i) / tileRows)];
        for (let d = 0; d < headDim; d++) O[i * headDim + d] = part[place(rowOf(i) % tileRows, d)];
      }
      return O;
    },
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - storedBytes),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}
