import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Gpu, Resident, Thread } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { paddedRows, prepareMatmul, roundUp } from '../dense/gpu-matmul.ts';
import type { DenseWeights } from '../dense/weights.ts';

type Context = KernelContext<'matmul', DenseWeights, Record<never, never>, Gpu>;

/** The kernel alone is the README's: weights stay on the device here too, and outputs until they are asked for. */
export function gpuReadmeMatmul({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const columns = roundUp(N, 4);
  return prepareMatmul(runtime, problem, {
    paddedK: K,
    storedBytes: packed.values.byteLength,
    build: (program, X) =>
      program.step(multiplyMatrix, {
        threads: [columns, paddedRows(M)],
        constants: { K, W: transposed(packed.values, problem, columns) },
        inputs: [X],
      }),
    place: (m, n) => m * columns + n,
  });
}

function multiplyMatrix(this: Thread<{ K: number; W: number[][] }>, X: number[][]): number {
  // X [paddedM,K] f32, Wᵀ [K,columns] f32 → Y [paddedM,columns]
  let sum = 0;
  for (let i = 0; i < this.constants.K; i++) {
    sum += X[this.thread.y][i] * this.constants.W[i][this.thread.x];
  }
  return sum;
}

/** The README's product is X · W, not X · Wᵀ. */
function transposed(W: Float32Array, { N, K }: MatmulProblem, columns: number): Resident {
  const values = new Float32Array(K * columns);
  for (let n = 0; n < N; n++) for (let k = 0; k < K; k++) values[k * columns + n] = W[n * K + k];
  return { size: [columns, K], values };
}
