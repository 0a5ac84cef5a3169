import type { MoeWeights } from '../../bench/contract/problem.ts';
import type { Wasm } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { MC, MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { fillMoePanels, panelSizes, type Taken, totalBytes, workOf } from './weights.ts';

/**
 * X [M,K] f32, router [experts,K], W1 [experts,hidden,K] and W2 [experts,K,hidden] f32, each kept in panels as dense weights are → Y [M,K]
 * f32. Expert after expert takes its rows together, so that its weights are read once; each thread takes a part of every product.
 */
export async function wasmMoe(
  { packed, problem, runtime }: KernelContext<'moe', MoeWeights, unknown, Wasm>,
  taken: Taken,
): Promise<PreparedKernel<'moe'>> {
  const { M, K, experts, topK } = problem;
  const { NR, threads } = runtime;
  const module = await runtime.open('moe');
  const sizes = panelSizes(problem, NR);
  const { width, ldY, ldScores } = sizes;
  const perRow = taken === 'all' ? experts : topK;
  const count = M * perRow;
  const held = { bytes: 0 };
  const allocate = (words: number) => {
    held.bytes += 4 * words;
    return module.allocate(4 * words);
  };
  const lengths = { router: sizes.router, W1: experts * sizes.W1, b1: experts * sizes.b1, W2: experts * sizes.W2 };
  const [router, W1, b1, W2] = [lengths.router, lengths.W1, lengths.b1, lengths.W2].map(allocate);
  fillMoePanels(packed, problem, NR, {
    router: module.f32(router, lengths.router),
    W1: module.f32(W1, lengths.W1),
    b1: module.f32(b1, lengths.b1),
    W2: module.f32(W2, lengths.W2),
  });
  const X = module.allocate(4 * M * K);
  const scores = allocate(M * ldScores);
  const [chosen, shares, choices, ends] = [count, count, count, experts].map(allocate);
  const packedX = M === 1 ? X : allocate(M * K);
  // One row is all that an expert may have; and where each takes all rows, they are put in order once.
  const isShared = M === 1 || perRow === experts;
  const ownX = isShared ? packedX : allocate(count * K);
  const hidden = allocate(count * width);
  const outputs = allocate(count * ldY);
  const sums = allocate(threads * MC * NR);
  const Y = module.allocate(4 * M * ldY);

  function score(): void {
    if (M === 1) module.run('gemv', ldScores / NR, X, router, scores, K, NR);
    else {
      module.run('packX', Math.ceil(M / MR), X, packedX, M, K);
      module.run('gemm', ldScores / NR, packedX, router, scores, M, ldScores, K, NR);
    }
  }

  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run() {
      score();
      module.run('choose', M, scores, ldScores, experts, topK, perRow, chosen, shares);
      module.run('group', 1, chosen, choices, ends, count, experts);
      if (!isShared) module.run('gather', threads, threads, X, choices, perRow, ends, experts, ownX, K);
      const first = [width / NR, ownX, isShared ? 1 : 0, W1, b1, hidden, sums, K, NR] as const;
      module.run('multiplyFirst', threads, threads, ends, experts, ...first);
      module.run('multiplySecond', threads, threads, ends, experts, ldY / NR, hidden, W2, outputs, width, NR);
      module.run('mix', 1, outputs, choices, shares, Y, M, count, ldY, perRow);
    },
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, K, ldY),
    work: () => {
      const till = module.i32(ends, experts);
      return workOf(
        problem,
        packed,
        Array.from(till, (end, e) => end - (e === 0 ? 0 : till[e - 1])),
      );
    },
    workspaceBytes: held.bytes - totalBytes(packed) + 4 * M * (ldY - K),
    dispose: module.close,
  };
}
