// What the gpu.js kernels of both attentions have in common. The query rows of all heads lie one below the other, those
// of a head padded to whole blocks of four, and a thread computes one key or one dimension for the four of a block.
import type { Gpu, GpuBuffer, GpuProgram, Resident } from '../../bench/backends/gpujs.ts';
import type { AttentionProblem } from '../../bench/problem.ts';
import type { PreparedKernel } from '../../bench/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';

export interface AttentionPlan {
  /** Bytes of K and V as they come, to tell what the kernel's own form of them takes beyond. */
  readonly storedBytes: number;
  /** Appends the steps that compute O [blocks, paddedDim, 4] from Q [4·blocks, paddedDim]. */
  build(program: GpuProgram, Q: GpuBuffer): Promise<GpuBuffer>;
}

/** Blocks of four queries in one head. */
export function blocksPerHead({ M }: AttentionProblem): number {
  return Math.ceil(M / 4);
}

/** headDim rounded up to what a thread reads at once. */
export function paddedDim({ headDim }: AttentionProblem): number {
  return roundUp(headDim, 4);
}

/** What scores of hidden keys are set to: far below any score, and finite as f32. */
export const HIDDEN = -1e30;

/** The last key query i of a head sees is min(lastKey, firstLimit + limitStep·i). */
export function visibility({ M, seqLen, causal }: AttentionProblem) {
  return { lastKey: seqLen - 1, firstLimit: causal ? seqLen - M : seqLen - 1, limitStep: causal ? 1 : 0 };
}

/** Keys or values [heads, seqLen, headDim] with zeros for the keys up to `keys` and the dimensions up to `dims`. */
export function paddedKeys(
  values: Float32Array,
  { heads, seqLen, headDim }: AttentionProblem,
  keys: number,
  dims: number,
): Resident {
  const padded = new Float32Array(heads * keys * dims);
  for (let h = 0; h < heads; h++) {
    for (let j = 0; j < seqLen; j++) {
      const from = (h * seqLen + j) * headDim;
      padded.set(values.subarray(from, from + headDim), (h * keys + j) * dims);
    }
  }
  return { size: [dims, keys, heads], values: padded };
}

export async function prepareAttention(
  gpu: Gpu,
  problem: AttentionProblem,
  { storedBytes, build }: AttentionPlan,
): Promise<PreparedKernel<'attention'>> {
  const { M, heads, headDim } = problem;
  const program = gpu.createProgram();
  const rows = 4 * blocksPerHead(problem);
  const dims = paddedDim(problem);
  const input = program.input([dims, heads * rows]);
  const output = await build(program, input);
  const padded = new Float32Array(heads * rows * dims);
  const O = new Float32Array(heads * M * headDim);
  return {
    upload: ({ Q }) => {
      eachRow(problem, (row, paddedRow) => {
        padded.set(Q.subarray(row * headDim, (row + 1) * headDim), paddedRow * dims);
      });
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: async () => {
      const values = await program.read(output);
      eachRow(problem, (row, paddedRow) => {
        const block = (paddedRow >> 2) * dims;
        for (let d = 0; d < headDim; d++) O[row * headDim + d] = values[(block + d) * 4 + (paddedRow & 3)];
      });
      return O;
    },
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - storedBytes),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}

function eachRow(problem: AttentionProblem, visit: (row: number, paddedRow: number) => void): void {
  const rows = 4 * blocksPerHead(problem);
  for (let h = 0; h < problem.heads; h++) {
    for (let m = 0; m < problem.M; m++) visit(h * problem.M + m, h * rows + m);
  }
}
