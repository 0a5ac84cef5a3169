import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { trimColumns } from '../dense/wasm.ts';
import { paddedRows } from '../panels.ts';
import { CONSTANTS_BYTES } from './blocks.ts';
import { BLOCK, blocksOf } from './cache.ts';
import type { KvCacheContext } from './context.ts';
import { placeCache } from './wasm-blocks.ts';

/** Keys of a tile: a multiple of 4, of 6 and of NR. */
const TILE = { decode: 96, prefill: 48 };
/**
 * As many panels of queries as fit in it with their sums, but at least one, share a pass over the keys, which become f32 once for all
 * of them. They stay in L2.
 */
export const QUERY_BYTES = 131_072;
/** Decode cuts a head's keys into parts of about so many, which threads take one by one, but into no more than MAX_PARTS. */
export const PART_KEYS = 288;
const MAX_PARTS = 32;
/** Threads that wrote to one line would slow each other. */
const CACHE_LINE = 64;

/** Q [heads,M,headDim] f32, K and V [heads,seqLen,headDim] as codes and scales → O [heads,M,headDim] f32. */
export async function wasmKvCache(context: KvCacheContext<Wasm>): Promise<PreparedKernel<'attention'>> {
  const module = await context.runtime.open('kv-cache');
  return context.problem.M === 1 ? prepareDecode(module, context) : preparePrefill(module, context);
}

function prepareDecode(module: WasmModule, context: KvCacheContext<Wasm>): PreparedKernel<'attention'> {
  const { packed, layout, problem, runtime } = context;
  const { heads, seqLen, headDim } = problem;
  const { NR, threads } = runtime;
  const { K, V, excessBytes } = placeCache(module, packed, layout, problem);
  const groups = blocksOf(problem);
  const dims = groups * BLOCK;
  const Q = module.allocate(4 * heads * dims);
  const O = module.allocate(4 * heads * dims);
  const turned = turn(module, context, Q);
  const scratchBytes = paddedRows(CONSTANTS_BYTES + 4 * (2 * NR + TILE.decode), CACHE_LINE);
  const scratch = module.allocate(threads * scratchBytes);
  const parts = Math.min(MAX_PARTS, Math.ceil(seqLen / PART_KEYS));
  const partialBytes = 4 * heads * parts * (2 * NR + dims);
  const partials = module.allocate(partialBytes);
  const taken = module.allocate(4);
  const takenCount = module.i32(taken, 1);
  const shape = [heads, parts, seqLen, headDim, groups, TILE.decode, layout.bits, layout.bits, NR];
  return {
    upload(activations) {
      const padded = module.f32(Q, heads * dims);
      for (let head = 0; head < heads; head++) {
        padded.set(activations.Q.subarray(head * headDim, (head + 1) * headDim), head * dims);
      }
    },
    run() {
      turned.run();
      takenCount[0] = 0;
      module.run('decode', threads, taken, scratch, scratchBytes, partials, turned.Q, K, V, ...shape);
      module.run('combine', heads, partials, parts, groups, layout.bits, O, NR);
    },
    readOutput: () => trimColumns(module.f32(O, heads * dims), heads, headDim, dims),
    workspaceBytes:
      excessBytes + turned.bytes + threads * scratchBytes + partialBytes + 2 * 4 * heads * (dims - headDim),
    dispose: module.close,
  };
}

function preparePrefill(module: WasmModule, context: KvCacheContext<Wasm>): PreparedKernel<'attention'> {
  const { packed, layout, problem, runtime } = context;
  const { heads, M, seqLen, headDim, causal } = problem;
  const { NR, threads } = runtime;
  const { K, V, excessBytes } = placeCache(module, packed, layout, problem);
  const groups = blocksOf(problem);
  const tile = TILE.prefill;
  const Q = module.allocate(4 * heads * M * headDim);
  const O = module.allocate(4 * heads * M * headDim);
  const turned = turn(module, context, Q);
  const panels = sharedPanels(problem, runtime);
  const scratchBytes = paddedRows(CONSTANTS_BYTES + prefillScratch(headDim, tile, panels, NR), CACHE_LINE);
  const scratch = module.allocate(threads * scratchBytes);
  const taken = module.allocate(4);
  const takenCount = module.i32(taken, 1);
  const shape = [heads, M, seqLen, headDim, Number(causal), groups, tile, panels, layout.bits, layout.bits, NR];
  return {
    upload: (activations) => module.f32(Q, heads * M * headDim).set(activations.Q),
    run() {
      turned.run();
      takenCount[0] = 0;
      module.run('attend', threads, taken, scratch, scratchBytes, turned.Q, K, V, O, ...shape);
    },
    readOutput: () => module.f32(O, heads * M * headDim),
    workspaceBytes: excessBytes + turned.bytes + threads * scratchBytes,
    dispose: module.close,
  };
}

/** What a thread of prefill has of its own beside constants, in bytes. */
export function prefillScratch(headDim: number, tile: number, panels: number, NR: number): number {
  const dims = BLOCK * blocksOf({ headDim });
  return 4 * (NR * (1 + tile) + tile * (dims + 2 * headDim)) + panels * panelBytes(headDim, NR);
}

/** Panels of queries that share a pass over the keys: few enough that every thread has some. */
export function sharedPanels(
  { heads, M, headDim }: Pick<AttentionProblem, 'heads' | 'M' | 'headDim'>,
  { NR, threads }: Pick<Wasm, 'NR' | 'threads'>,
): number {
  const fitting = Math.max(1, Math.floor(QUERY_BYTES / panelBytes(headDim, NR)));
  const ofHead = Math.ceil(M / NR);
  return Math.min(fitting, Math.ceil((heads * ofHead) / threads), ofHead);
}

function panelBytes(headDim: number, NR: number): number {
  return 4 * NR * (3 + 2 * headDim);
}

/** Q as Hadamard's matrix turns it, in a place of its own. */
function turn(module: WasmModule, { problem: { heads, M, headDim }, hadamard }: KvCacheContext<Wasm>, Q: number) {
  if (hadamard === undefined) return { Q, bytes: 0, run() {} };
  const length = heads * M * headDim;
  const into = module.allocate(4 * length);
  return { Q: into, bytes: 4 * length, run: () => module.run('hadamardBlocks', length / hadamard, Q, into, hadamard) };
}
