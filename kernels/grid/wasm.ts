// Grid weights in WebAssembly: laid out for whichever variant of the tiles reads such codes, at their true bits. A call is a list of
// steps: X is transformed and rounded where that was chosen, multiplied, and a correction added.
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { paddedRows } from '../panels.ts';
import { ACTIVATION_BLOCK } from './activations.ts';
import type { GridContext } from './context.ts';
import type { Call, Product } from './wasm-call.ts';
import { prepareCorrection } from './wasm-correction.ts';
import { readingOf } from './wasm-reading.ts';
import { placeWeights } from './wasm-weights.ts';

const BLOCK = 32;
/** A unit, two sums of digits and one of x. */
const UNIT_BYTES = 16;

/** X [M,K] f32, W [N,K] as codes and scales → Y [M,N] f32. */
export async function wasmGrid(context: GridContext<Wasm>): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = context.problem;
  const { NR } = context.runtime;
  const module = await context.runtime.open('grid');
  const weights = placeWeights(module, context);
  const ldY = paddedRows(N, NR);
  // One row is read in whole groups, and zeros past its end.
  const rowBytes = 4 * (M === 1 ? paddedRows(weights.blockedK, BLOCK) : M * K);
  const X = module.allocate(rowBytes);
  const Y = module.allocate(4 * M * ldY);
  const turned = turn(module, context, X, rowBytes);
  const call: Call = { module, context, weights, X: turned.X, rowBytes, Y, ldY };
  const product = M === 1 ? decode(call) : prefill(call);
  const parts = [...turned.parts, ...product.parts, ...prepareCorrection(call, product)];
  const runs = parts.map(({ run }) => run);
  return {
    upload: (given) => module.f32(X, M * K).set(given.X),
    run() {
      for (const run of runs) run();
    },
    places: { X, Y, ldY },
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, N, ldY),
    workspaceBytes:
      parts.reduce((sum, { scratchBytes }) => sum + scratchBytes, 0) + weights.scratchBytes + 4 * M * (ldY - N),
    dispose: module.close,
  };
}

/** X as Hadamard's matrix turns it, in a place of its own. */
function turn(module: WasmModule, { problem: { M, K }, hadamard }: GridContext<Wasm>, X: number, rowBytes: number) {
  if (hadamard === undefined) return { X, parts: [] };
  const into = module.allocate(rowBytes);
  const run = () => module.run('hadamardBlocks', (M * K) / hadamard, X, into, hadamard);
  return { X: into, parts: [{ run, scratchBytes: rowBytes }] };
}

/** Where scales of X lie, and how they are found; undefined where X stays f32. */
function scalesOfX({ module, context, X }: Call) {
  const { problem, activations } = context;
  const { M, K } = problem;
  if (activations === 'f32') return undefined;
  const width = activations === 'int8' ? K : ACTIVATION_BLOCK;
  const scaleBytes = 4 * M * Math.ceil(K / width);
  const at = module.allocate(scaleBytes);
  return { at, width, part: { run: () => module.run('scaleRows', M, X, at, K, width), scratchBytes: scaleBytes } };
}

function roundInto({ module, context, X, rowBytes }: Call, scales: NonNullable<ReturnType<typeof scalesOfX>>) {
  const { M, K } = context.problem;
  const rounded = module.allocate(rowBytes);
  const run = () => module.run('roundRows', M, X, scales.at, rounded, K, scales.width);
  return { X: rounded, part: { run, scratchBytes: rowBytes } };
}

/** One row: X becomes what codes are multiplied with as they are. */
function decode(call: Call): Product {
  const { module, context, weights, X, Y, ldY } = call;
  const { NR, threads } = context.runtime;
  const { K } = context.problem;
  const { variant, zero, lift } = readingOf(context.grid.layout);
  const scales = scalesOfX(call);
  const at = scales?.at ?? 0;
  const width = weights.splitWidth;
  const blocks = weights.blockedK / width;
  const digitBytes = weights.blockedK * bytesOfDigits(variant.arithmetic, scales !== undefined);
  const digits = module.allocate(digitBytes);
  const units = module.allocate(UNIT_BYTES * blocks);
  const every = scales === undefined || scales.width === K ? blocks : scales.width / width;
  const split = () => {
    const to = [X, digits, units] as const;
    if (variant.arithmetic === 'bytes') module.run('splitBytes', blocks, ...to, width, zero, at, every);
    else if (variant.arithmetic === 'floats') module.run('splitFloats', blocks, ...to, lift, at, every);
    else if (scales !== undefined) module.run('splitSigns', blocks, ...to, width, at, every);
    else module.run('splitPairs', blocks, ...to, width);
  };
  const isInteger = scales === undefined ? 0 : 1;
  const multiply = () => module.run('gemv', threads, threads, ldY / NR, weights.plan, isInteger, digits, units, Y, NR);
  return {
    parts: [
      ...(scales === undefined ? [] : [scales.part]),
      { run: split, scratchBytes: digitBytes + UNIT_BYTES * blocks },
      { run: multiply, scratchBytes: 0 },
    ],
    presented() {
      if (scales === undefined) return { parts: [], panels: X };
      const rounded = roundInto(call, scales);
      return { parts: [rounded.part], panels: rounded.X };
    },
  };
}

/** Bytes by which a value of X is multiplied with codes. */
function bytesOfDigits(arithmetic: 'bytes' | 'signs' | 'floats', isInteger: boolean): number {
  const [integer, float] = { bytes: [1, 3], signs: [2, 4], floats: [4, 4] }[arithmetic];
  return isInteger ? integer : float;
}

/** Several rows: weights become f32 a part of a panel at a time. */
function prefill(call: Call): Product {
  const { module, context, weights, X, Y, ldY } = call;
  const { M, K } = context.problem;
  const { NR, threads } = context.runtime;
  const scales = scalesOfX(call);
  const rounded = scales && roundInto(call, scales);
  const panels = module.allocate(4 * M * K);
  const pack = () => module.run('packX', Math.ceil(M / MR), rounded?.X ?? X, panels, M, K);
  const multiply = () => module.run('gemm', threads, threads, ldY / NR, weights.plan, panels, Y, M, ldY, K, NR);
  return {
    parts: [
      ...(scales === undefined ? [] : [scales.part]),
      ...(rounded === undefined ? [] : [rounded.part]),
      { run: pack, scratchBytes: 4 * M * K },
      { run: multiply, scratchBytes: 0 },
    ],
    presented: () => ({ parts: [], panels }),
  };
}
