import type { MlpProblem } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { MC, MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { paddedRows } from '../panels.ts';
import { type DenseMlpWeights, fillMlpPanels } from './weights.ts';

type Context = KernelContext<'mlp', DenseMlpWeights, unknown, Wasm>;

/** Where all of a kernel lies: weights and what enters and leaves it. */
interface Placed {
  readonly module: WasmModule;
  readonly problem: MlpProblem;
  readonly NR: number;
  readonly threads: number;
  /** Hidden values and outputs of a row, in whole panels. */
  readonly width: number;
  readonly ldY: number;
  readonly W1: number;
  readonly b1: number;
  readonly W2: number;
  readonly X: number;
  readonly Y: number;
}

/** Steps that leave Y in its place, and what they hold beside weights, X and Y. */
interface Steps {
  run(): void;
  readonly scratchBytes: number;
}

/** Product, bias and ReLU, product: three passes, each over all of what the one before left in memory. */
export const wasmSeparateMlp = (context: Context) => wasmMlp(context, separate);
/** Bias and ReLU are done where the first product's tile left its sums, which stay in the order that the second one reads them in. */
export const wasmFusedMlp = (context: Context) => wasmMlp(context, fused);

async function wasmMlp(
  { packed, problem, runtime }: Context,
  stepsOf: (placed: Placed) => Steps,
): Promise<PreparedKernel<'mlp'>> {
  const { M, N, K, hidden } = problem;
  const { NR, threads } = runtime;
  const module = await runtime.open('mlp');
  const [width, ldY] = [paddedRows(hidden, NR), paddedRows(N, NR)];
  const lengths = { W1: width * K, b1: width, W2: ldY * width };
  const W1 = module.allocate(4 * lengths.W1);
  const b1 = module.allocate(4 * lengths.b1);
  const W2 = module.allocate(4 * lengths.W2);
  fillMlpPanels(packed, problem, NR, {
    W1: module.f32(W1, lengths.W1),
    b1: module.f32(b1, lengths.b1),
    W2: module.f32(W2, lengths.W2),
  });
  const X = module.scratch(4 * M * K);
  const Y = module.scratch(4 * M * ldY);
  const { run, scratchBytes } = stepsOf({ module, problem, NR, threads, width, ldY, W1, b1, W2, X, Y });
  const paddingBytes = 4 * ((width - hidden) * (K + 1) + ldY * width - N * hidden + M * (ldY - N));
  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run,
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, N, ldY),
    workspaceBytes: scratchBytes + paddingBytes,
    dispose: module.close,
  };
}

function separate({ module, problem: { M, K }, NR, width, ldY, W1, b1, W2, X, Y }: Placed): Steps {
  const hidden = module.scratch(4 * M * width);
  const panelBytes = M === 1 ? 0 : 4 * M * Math.max(K, width);
  const panels = module.scratch(panelBytes);
  const multiply = (A: number, W: number, into: number, ld: number, inner: number) => {
    if (M === 1) {
      module.run('gemv', ld / NR, A, W, into, inner, NR);
      return;
    }
    module.run('packX', Math.ceil(M / MR), A, panels, M, inner);
    module.run('gemm', ld / NR, panels, W, into, M, ld, inner, NR);
  };
  return {
    run() {
      multiply(X, W1, hidden, width, K);
      module.run('biasRelu', M, hidden, b1, width);
      multiply(hidden, W2, Y, ldY, width);
    },
    scratchBytes: 4 * M * width + panelBytes,
  };
}

function fused(placed: Placed): Steps {
  const { module, problem, NR, threads, width, ldY, W1, b1, W2, X, Y } = placed;
  const { M, K } = problem;
  // Rows of X that are taken together, so that their hidden values are still in a cache when the second product reads them.
  const rows = Math.min(M, MC);
  const hidden = module.scratch(4 * rows * width);
  if (M === 1) {
    const run = () => {
      module.run('gemvRelu', width / NR, X, W1, b1, hidden, K, NR);
      module.run('gemv', ldY / NR, hidden, W2, Y, width, NR);
    };
    return { run, scratchBytes: 4 * width };
  }
  const panels = module.scratch(4 * M * K);
  const sumBytes = 4 * threads * MC * NR;
  const sums = module.allocate(sumBytes);
  return {
    run() {
      module.run('packX', Math.ceil(M / MR), X, panels, M, K);
      for (let m = 0; m < M; m += MC) {
        const some = Math.min(MC, M - m);
        const from = panels + 4 * m * K;
        module.run('gemmRelu', threads, threads, width / NR, from, W1, b1, hidden, sums, some, K, NR);
        module.run('gemm', ldY / NR, hidden, W2, Y + 4 * m * ldY, some, ldY, width, NR);
      }
    },
    scratchBytes: 4 * (rows * width + M * K) + sumBytes,
  };
}
