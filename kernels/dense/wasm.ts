import type { Wasm } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { MR } from './blocks.ts';
import type { DenseWeights } from './weights.ts';

/** X [M,K] f32, W [N,K] f32 kept as panels [N/NR][K][NR] → Y [M,N] f32. */
export async function wasmDense({
  packed,
  problem: { M, N, K },
  runtime,
}: KernelContext<'matmul', DenseWeights, unknown, Wasm>): Promise<PreparedKernel<'matmul'>> {
  const { NR } = runtime;
  const module = await runtime.open('dense');
  const ldY = paddedRows(N, NR);
  const columnPanels = ldY / NR;
  const rowPanels = Math.ceil(M / MR);
  const W = module.allocate(4 * ldY * K);
  fillPanels(packed.values, N, K, NR, module.f32(W, ldY * K));
  const X = module.scratch(4 * M * K);
  const panels = M === 1 ? X : module.scratch(4 * M * K);
  const Y = module.scratch(4 * M * ldY);
  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run() {
      if (M === 1) {
        module.run('gemv', columnPanels, X, W, Y, K, NR);
        return;
      }
      module.run('packX', rowPanels, X, panels, M, K);
      module.run('gemm', columnPanels, panels, W, Y, M, ldY, K, NR);
    },
    places: { X, Y, ldY },
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, N, ldY),
    workspaceBytes: (M === 1 ? 0 : 4 * M * K) + 4 * M * (ldY - N),
    dispose: module.close,
  };
}

/** Rows of ldY values → rows of the first N of them. */
export function trimColumns(Y: Float32Array, M: number, N: number, ldY: number): Float32Array {
  if (N === ldY) return Y;
  const trimmed = new Float32Array(M * N);
  for (let m = 0; m < M; m++) trimmed.set(Y.subarray(m * ldY, m * ldY + N), m * N);
  return trimmed;
}
