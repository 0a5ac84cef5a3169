// A low-rank correction in WebAssembly: two thin products, of X as the weights met it.
import { MR } from '../dense/blocks.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import type { Call, Part, Product } from './wasm-call.ts';

/** Adds (X·downᵀ)·upᵀ to Y. */
export function prepareCorrection({ module, context, Y, ldY }: Call, product: Product): readonly Part[] {
  const { correction, problem, runtime } = context;
  if (correction === undefined) return [];
  const { M, N, K } = problem;
  const { NR } = runtime;
  const ownRank = correction.down.length / K;
  const rank = paddedRows(ownRank, NR);
  const presented = product.presented();
  const down = module.allocate(4 * rank * K);
  fillPanels(correction.down, ownRank, K, NR, module.f32(down, rank * K));
  const up = module.allocate(4 * ldY * rank);
  const wide = new Float32Array(N * rank);
  for (let n = 0; n < N; n++) wide.set(correction.up.subarray(n * ownRank, (n + 1) * ownRank), n * rank);
  fillPanels(wide, N, rank, NR, module.f32(up, ldY * rank));
  const thin = module.allocate(4 * M * rank);
  const panels = M === 1 ? thin : module.allocate(4 * M * rank);
  const run = () => {
    module.run('thinRows', rank / NR, presented.panels, down, thin, M, rank, K, NR);
    if (M > 1) module.run('packX', Math.ceil(M / MR), thin, panels, M, rank);
    module.run('addThin', ldY / NR, panels, up, Y, M, ldY, rank, NR);
  };
  return [...presented.parts, { run, scratchBytes: 4 * M * rank * (M === 1 ? 1 : 2) }];
}
