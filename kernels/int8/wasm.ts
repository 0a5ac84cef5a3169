import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { paddedRows } from '../panels.ts';
import { KC, PAIR_KC } from './blocks.ts';
import { byteBias } from './byte-bias.ts';
import type { Granularity, Int8Weights } from './pack.ts';

const QUAD = 4;

type Params = { readonly granularity: Granularity; readonly activations: 'f32' | 'int8' };
type Context = KernelContext<'matmul', Int8Weights, Params, Wasm>;

/** Where the weights lie: values [panels][quads][NR][4] int8, scales [panels·NR] f32. */
interface Resident {
  readonly W: number;
  readonly scales: number;
  readonly quads: number;
  readonly panels: number;
  readonly ldY: number;
}

/** X [M,K] f32, W [N,K] int8, scales [N] or [1] f32 → Y [M,N] f32. */
export async function wasmInt8(context: Context): Promise<PreparedKernel<'matmul'>> {
  const { problem, params, runtime } = context;
  const { M, N, K } = problem;
  const module = await runtime.open('int8');
  const isCarried = M === 1 && params.activations === 'f32';
  const resident = placeWeights(module, context, isCarried);
  const X = module.scratch(4 * M * K);
  const Y = module.scratch(4 * M * resident.ldY);
  const makeSteps = params.activations === 'int8' ? w8a8 : weightOnly;
  const { run, scratchBytes, variant } = makeSteps(module, context, resident, X, Y);
  const scaleBytes = 4 * (resident.ldY - context.packed.scales.length);
  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run,
    variant,
    places: { X, Y, ldY: resident.ldY },
    readOutput: () => trimColumns(module.f32(Y, M * resident.ldY), M, N, resident.ldY),
    workspaceBytes: scratchBytes + scaleBytes + 4 * M * (resident.ldY - N),
    dispose: module.close,
  };
}

interface Steps {
  run(): void;
  readonly scratchBytes: number;
  readonly variant?: string;
}

/** Weights are widened to scaled f32, a part of a panel at a time, or in registers where there is one row of X. */
function weightOnly(
  module: WasmModule,
  { problem, runtime }: Context,
  resident: Resident,
  X: number,
  Y: number,
): Steps {
  const { M, K } = problem;
  const { NR, threads } = runtime;
  const { W, scales, quads, panels, ldY } = resident;
  if (M === 1) {
    const x = module.allocate(4 * QUAD * quads);
    const run = () => {
      module.run('carryX', quads, X, x, K);
      module.run('gemv', panels, x, W, scales, Y, quads, NR);
    };
    return { run, scratchBytes: 4 * QUAD * quads };
  }
  const rowPanels = Math.ceil(M / MR);
  const packedX = module.scratch(4 * M * K);
  const scratch = module.allocate(4 * threads * KC * NR);
  const run = () => {
    module.run('packX', rowPanels, X, packedX, M, K);
    module.run('gemm', threads, threads, panels, packedX, W, scales, scratch, Y, M, ldY, K, quads, NR);
  };
  return { run, scratchBytes: 4 * M * K + 4 * threads * KC * NR };
}

/**
 * Rows of X are rounded to int8 at every run. Products are exact in either form; the relaxed 8-bit one is only fast, and
 * only exact beyond seven bits, where the engine has an instruction for it.
 */
function w8a8(module: WasmModule, context: Context, resident: Resident, X: number, Y: number): Steps {
  const { M, K } = context.problem;
  const { NR, threads } = context.runtime;
  const { W, scales, quads, panels, ldY } = resident;
  const xScales = module.allocate(4 * M);
  const bias = byteBias(module);
  if (M > 1 && bias !== undefined) {
    const x = module.allocate(QUAD * M * quads);
    const start = module.allocate(4 * ldY);
    module.i32(start, ldY).set(columnStarts(context, bias));
    const run = () => {
      module.run('quantizeBytes', M, X, x, xScales, M, K, quads, bias);
      module.run('gemmBytes', panels, x, xScales, W, scales, start, Y, M, ldY, quads, NR);
    };
    return { run, scratchBytes: QUAD * M * quads + 4 * (ldY + M), variant: 'relaxed-dot-i8' };
  }
  const x = module.allocate(2 * QUAD * M * quads);
  if (M === 1) {
    const run = () => {
      module.run('quantizePairs', 1, X, x, xScales, 1, K, quads);
      module.run('gemvPairs', panels, x, xScales, W, scales, Y, quads, NR);
    };
    return { run, scratchBytes: 2 * QUAD * quads + 4, variant: 'exact-dot-i16' };
  }
  const scratch = module.allocate(2 * threads * PAIR_KC * NR);
  const run = () => {
    module.run('quantizePairs', M, X, x, xScales, M, K, quads);
    module.run('gemmPairs', threads, threads, panels, x, xScales, W, scales, scratch, Y, M, ldY, quads, NR);
  };
  return { run, scratchBytes: 2 * QUAD * M * quads + 4 * M + 2 * threads * PAIR_KC * NR, variant: 'exact-dot-i16' };
}

/** −bias·Σₖ w of every row of W: what sums must start from so that the bias of X cancels. */
function columnStarts({ packed, problem: { N, K } }: Context, bias: number): Int32Array {
  return Int32Array.from({ length: N }, (_, n) => {
    let sum = 0;
    for (let k = n * K; k < (n + 1) * K; k++) sum += packed.values[k];
    return -bias * sum;
  });
}

function placeWeights(module: WasmModule, { packed, problem, runtime }: Context, isCarried: boolean): Resident {
  const { N, K } = problem;
  const { NR } = runtime;
  const quads = Math.ceil(K / QUAD);
  const ldY = paddedRows(N, NR);
  const W = module.allocate(ldY * quads * QUAD);
  fillQuads(packed.values, problem, NR, module.i8(W, ldY * quads * QUAD), isCarried);
  const scales = module.allocate(4 * ldY);
  const { scales: own } = packed;
  module.f32(scales, N).set(own.length === 1 ? new Float32Array(N).fill(own[0]) : own);
  return { W, scales, quads, panels: ldY / NR, ldY };
}

/** [N,K] → [N/NR][K/4][NR][4]; with carries, four weights are the 32-bit integer Σ w·256ʲ. */
function fillQuads(values: Int8Array, { N, K }: MatmulProblem, NR: number, quads: Int8Array, isCarried: boolean): void {
  const count = Math.ceil(K / QUAD);
  for (let n = 0; n < N; n++) {
    const row = (n - (n % NR)) * count + (n % NR);
    for (let q = 0; q < count; q++) {
      const at = (row + q * NR) * QUAD;
      let carry = 0;
      for (let j = 0; j < QUAD && q * QUAD + j < K; j++) {
        const digit = values[n * K + q * QUAD + j] + carry;
        quads[at + j] = digit;
        carry = isCarried && digit < 0 ? -1 : 0;
      }
    }
  }
}
