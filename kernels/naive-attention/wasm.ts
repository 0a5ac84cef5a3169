import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { trimColumns } from '../dense/wasm.ts';
import { paddedRows } from '../panels.ts';
import type { KeyValues } from './key-values.ts';
import { CONSTANTS_BYTES, placeColumns, placePanels } from './wasm-keys.ts';

/** Keys whose weighted values are summed at once: their weights stay in L1. A multiple of 6. */
export const BLOCK = 192;
/** Threads that wrote to one line would slow each other. */
const CACHE_LINE = 64;

/** Q [heads,M,headDim], K and V [heads,seqLen,headDim] f32 → O [heads,M,headDim] f32; whole rows of scores are kept. */
export async function wasmNaiveAttention({
  packed,
  problem,
  runtime,
}: KernelContext<'attention', KeyValues, unknown, Wasm>): Promise<PreparedKernel<'attention'>> {
  const module = await runtime.open('naive-attention');
  return problem.M === 1
    ? prepareDecode(module, packed, problem, runtime)
    : preparePrefill(module, packed, problem, runtime);
}

function preparePrefill(
  module: WasmModule,
  packed: KeyValues,
  problem: AttentionProblem,
  { NR, threads }: Wasm,
): PreparedKernel<'attention'> {
  const { heads, M, seqLen, headDim, causal } = problem;
  const block = Math.min(BLOCK, seqLen);
  const { K, V } = placePanels(module, packed, problem, block);
  const Q = module.allocate(4 * heads * M * headDim);
  const O = module.allocate(4 * heads * M * headDim);
  const scratchBytes = paddedRows(CONSTANTS_BYTES + 4 * NR * (4 + 2 * headDim + seqLen), CACHE_LINE);
  const scratch = module.allocate(threads * scratchBytes);
  const taken = module.allocate(4);
  const takenCount = module.i32(taken, 1);
  const shape = [heads, M, seqLen, headDim, Number(causal), block, NR];
  return {
    upload: (activations) => module.f32(Q, heads * M * headDim).set(activations.Q),
    run() {
      takenCount[0] = 0;
      module.run('attend', threads, taken, scratch, scratchBytes, Q, K, V, O, ...shape);
    },
    readOutput: () => module.f32(O, heads * M * headDim),
    workspaceBytes: threads * scratchBytes,
    dispose: module.close,
  };
}

function prepareDecode(
  module: WasmModule,
  packed: KeyValues,
  problem: AttentionProblem,
  { NR }: Wasm,
): PreparedKernel<'attention'> {
  const { heads, seqLen, headDim } = problem;
  const { K, V, excessBytes } = placeColumns(module, packed, problem, NR, seqLen);
  const panels = Math.ceil(seqLen / NR);
  const ldO = paddedRows(headDim, NR);
  const dimPanels = ldO / NR;
  const Q = module.allocate(4 * heads * headDim);
  const O = module.allocate(4 * heads * ldO);
  const scoreBytes = 4 * heads * panels * NR;
  const s = module.allocate(scoreBytes);
  const stateBytes = heads * (CONSTANTS_BYTES + 4 * 2 * NR);
  const state = module.allocate(stateBytes);
  return {
    upload: (activations) => module.f32(Q, heads * headDim).set(activations.Q),
    run() {
      module.run('decodeScores', heads * panels, Q, K, s, panels, headDim, NR);
      module.run('decodeSoftmax', heads, s, state, panels, seqLen, headDim, NR);
      module.run('decodeValues', heads * dimPanels, s, state, V, O, panels, dimPanels, seqLen, NR);
    },
    readOutput: () => trimColumns(module.f32(O, heads * ldO), heads, headDim, ldO),
    workspaceBytes: excessBytes + scoreBytes + stateBytes + 4 * heads * (ldO - headDim),
    dispose: module.close,
  };
}
