import type { Wasm } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { MAX_UNITS, STEP } from '../csr/tiles.gen.ts';
import { MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { MASK_STRIDE, type SkippingWeights } from './pack.ts';
import { workOf } from './work.ts';

/** X [M,K] f32, W1 [hidden,K] in panels as dense weights are, W2 [N,hidden] as [N/lanes][hidden][lanes] → Y [M,N] f32. */
export async function wasmSkipZeros({
  packed,
  problem,
  runtime,
}: KernelContext<'mlp', SkippingWeights, unknown, Wasm>): Promise<PreparedKernel<'mlp'>> {
  const { M, N, K, hidden } = problem;
  const { NR } = runtime;
  const module = await runtime.open('skip-zeros-mlp');
  const lanes = (MAX_UNITS * NR) / 2;
  const [width, ldY, room] = [paddedRows(hidden, NR), paddedRows(N, lanes), paddedRows(hidden, STEP)];
  const held = { bytes: 0 };
  const allocate = (bytes: number) => {
    held.bytes += bytes;
    return module.allocate(bytes);
  };
  const W1 = allocate(4 * width * K);
  fillPanels(packed.W1, hidden, K, NR, module.f32(W1, width * K));
  const W2 = allocate(4 * ldY * hidden);
  fillPanels(packed.W2, N, hidden, lanes, module.f32(W2, ldY * hidden));
  const b1 = allocate(4 * hidden);
  module.f32(b1, hidden).set(packed.b1);
  const threshold = allocate(4);
  module.f32(threshold, 1).set(packed.threshold);
  const mask = packed.mask === undefined ? 0 : allocate(2 * hidden);
  // Twice over, so that it may be read from any place on.
  if (packed.mask !== undefined) module.u8(mask, 2 * hidden).set([...packed.mask, ...packed.mask]);
  const X = module.allocate(4 * M * K);
  const panels = M === 1 ? X : allocate(4 * M * K);
  const inner = allocate(4 * M * width);
  const columns = allocate(2 * M * room);
  const values = allocate(4 * M * room);
  const steps = allocate(2 * M);
  const Y = module.allocate(4 * M * ldY);
  const storedBytes = 4 * (packed.W1.length + packed.W2.length + hidden + 1) + (packed.mask?.length ?? 0);
  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run() {
      if (M === 1) module.run('gemv', width / NR, X, W1, inner, K, NR);
      else {
        module.run('packX', Math.ceil(M / MR), X, panels, M, K);
        module.run('gemm', width / NR, panels, W1, inner, M, width, K, NR);
      }
      const kept = [b1, threshold, mask, MASK_STRIDE, columns, values, room, steps] as const;
      module.run('keepHidden', M, inner, width, hidden, ...kept);
      module.run('multiplyKept', ldY / lanes, columns, values, room, steps, W2, hidden, lanes, Y, M, ldY);
    },
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, N, ldY),
    work: () =>
      workOf(problem, packed, (m) => {
        const count = module.u16(steps + 2 * m, 1)[0] * STEP;
        return module.u16(columns + 2 * m * room, count);
      }),
    workspaceBytes: held.bytes - storedBytes + 4 * M * (ldY - N),
    dispose: module.close,
  };
}
