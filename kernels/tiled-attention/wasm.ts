import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { trimColumns } from '../dense/wasm.ts';
import type { KeyValues } from '../naive-attention/key-values.ts';
import { CONSTANTS_BYTES, placeColumns, placePanels } from '../naive-attention/wasm-keys.ts';
import { paddedRows } from '../panels.ts';

/**
 * Half of a usual L1. As many panels of queries as fit in it beside a tile of scores, but at least one, share a pass over
 * the keys: K and V then come out of the outer caches that much less often.
 */
export const SCRATCH_BYTES = 16_384;
/**
 * Decode cuts a head's keys into parts of about so many, which threads take one by one. Smaller ones would cost more to combine,
 * and more than MAX_PARTS of them too much scratch, so that parts of long sequences are larger.
 */
export const PART_KEYS = 256;
export const MAX_PARTS = 32;
/** Threads that wrote to one line would slow each other. */
const CACHE_LINE = 64;

/**
 * Q [heads,M,headDim], K and V [heads,seqLen,headDim] f32 → O [heads,M,headDim] f32; a tile of scores is kept. tileSize is
 * a multiple of 6 and of NR.
 */
export async function wasmTiledAttention({
  packed,
  problem,
  params: { tileSize },
  runtime,
}: KernelContext<'attention', KeyValues, { readonly tileSize: number }, Wasm>): Promise<PreparedKernel<'attention'>> {
  const module = await runtime.open('tiled-attention');
  return problem.M === 1
    ? prepareDecode(module, packed, problem, tileSize, runtime)
    : preparePrefill(module, packed, problem, tileSize, runtime);
}

function preparePrefill(
  module: WasmModule,
  packed: KeyValues,
  problem: AttentionProblem,
  tileSize: number,
  { NR, threads }: Wasm,
): PreparedKernel<'attention'> {
  const { heads, M, seqLen, headDim, causal } = problem;
  const tile = Math.min(tileSize, seqLen);
  const { K, V } = placePanels(module, packed, problem, tile);
  const Q = module.allocate(4 * heads * M * headDim);
  const O = module.allocate(4 * heads * M * headDim);
  const tileBytes = CONSTANTS_BYTES + 4 * NR * (1 + tile);
  const panelBytes = 4 * NR * (3 + 2 * headDim);
  const fitting = Math.max(1, Math.floor((SCRATCH_BYTES - tileBytes) / panelBytes));
  // Few enough that there is a group for every thread.
  const panels = Math.min(fitting, Math.ceil((heads * Math.ceil(M / NR)) / threads), Math.ceil(M / NR));
  const scratchBytes = paddedRows(tileBytes + panels * panelBytes, CACHE_LINE);
  const scratch = module.allocate(threads * scratchBytes);
  const taken = module.allocate(4);
  const takenCount = module.i32(taken, 1);
  const shape = [heads, M, seqLen, headDim, Number(causal), tile, panels, NR];
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
  tileSize: number,
  { NR, threads }: Wasm,
): PreparedKernel<'attention'> {
  const { heads, seqLen, headDim } = problem;
  const tile = Math.min(tileSize, paddedRows(seqLen, NR));
  const { K, V, excessBytes } = placeColumns(module, packed, problem, NR, tile);
  const ldO = paddedRows(headDim, NR);
  const Q = module.allocate(4 * heads * headDim);
  const O = module.allocate(4 * heads * ldO);
  const scratchBytes = paddedRows(CONSTANTS_BYTES + 4 * (2 * NR + tile), CACHE_LINE);
  const scratch = module.allocate(threads * scratchBytes);
  const parts = Math.min(MAX_PARTS, Math.ceil(seqLen / PART_KEYS));
  const partialBytes = 4 * heads * parts * (2 * NR + ldO);
  const partials = module.allocate(partialBytes);
  const taken = module.allocate(4);
  const takenCount = module.i32(taken, 1);
  const shape = [heads, parts, seqLen, headDim, tile, NR];
  return {
    upload: (activations) => module.f32(Q, heads * headDim).set(activations.Q),
    run() {
      takenCount[0] = 0;
      module.run('decode', threads, taken, scratch, scratchBytes, partials, Q, K, V, ...shape);
      module.run('combine', heads, partials, parts, headDim, O, NR);
    },
    readOutput: () => trimColumns(module.f32(O, heads * ldO), heads, headDim, ldO),
    workspaceBytes: excessBytes + threads * scratchBytes + partialBytes + 4 * heads * (ldO - headDim),
    dispose: module.close,
  };
}
