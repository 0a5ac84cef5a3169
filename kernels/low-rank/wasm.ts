import type { Wasm } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { LowRank } from '../corrections/low-rank.ts';
import { MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { fillPanels, paddedRows, widenedRows } from '../panels.ts';
import { lowRankBytes } from './pack.ts';

/** X [M,K] f32, down [rank,K], up [N,rank] f32, both kept in panels as dense weights are → Y [M,N] f32. */
export async function wasmLowRank({
  packed,
  problem: { M, N, K },
  runtime,
}: KernelContext<'matmul', LowRank, unknown, Wasm>): Promise<PreparedKernel<'matmul'>> {
  const { NR } = runtime;
  const module = await runtime.open('low-rank');
  const rank = packed.down.length / K;
  const width = paddedRows(rank, NR);
  const ldY = paddedRows(N, NR);
  const rowPanels = Math.ceil(M / MR);
  const down = module.allocate(4 * width * K);
  fillPanels(packed.down, rank, K, NR, module.f32(down, width * K));
  const up = module.allocate(4 * ldY * width);
  fillPanels(widenedRows(packed.up, N, rank, width), N, width, NR, module.f32(up, ldY * width));
  const X = module.scratch(4 * M * K);
  const thin = module.scratch(4 * M * width);
  const panelBytes = M === 1 ? 0 : 4 * M * Math.max(K, width);
  const panels = module.scratch(panelBytes);
  const Y = module.scratch(4 * M * ldY);
  const multiply = (A: number, W: number, into: number, ld: number, inner: number) => {
    if (M === 1) {
      module.run('gemv', ld / NR, A, W, into, inner, NR);
      return;
    }
    module.run('packX', rowPanels, A, panels, M, inner);
    module.run('gemm', ld / NR, panels, W, into, M, ld, inner, NR);
  };
  const paddingBytes = 4 * (width * K + ldY * width) - lowRankBytes(packed);
  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run() {
      multiply(X, down, thin, width, K);
      multiply(thin, up, Y, ldY, width);
    },
    places: { X, Y, ldY },
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, N, ldY),
    workspaceBytes: panelBytes + 4 * M * width + 4 * M * (ldY - N) + paddingBytes,
    dispose: module.close,
  };
}
