// Grid weights in WebAssembly: laid out for whichever variant of the tiles reads such codes, at their true bits. A call is a list of
// steps: X is transformed and rounded where that was chosen, multiplied, and a correction added.
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { byteBias } from '../int8/byte-bias.ts';
import { paddedRows } from '../panels.ts';
import { ACTIVATION_BLOCK } from './activations.ts';
import type { GridContext } from './context.ts';
import { BLOCK } from './variants.ts';
import type { Call, Part, Product } from './wasm-call.ts';
import { prepareCorrection } from './wasm-correction.ts';
import { type Reading, readingOf } from './wasm-reading.ts';
import { type Form, placeWeights } from './wasm-weights.ts';

/** A unit, two sums of digits and one of x. */
const UNIT_BYTES = 16;

/** X [M,K] f32, W [N,K] as codes and scales → Y [M,N] f32. */
export async function wasmGrid(context: GridContext<Wasm>): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = context.problem;
  const { NR } = context.runtime;
  const module = await context.runtime.open('grid');
  const { reading, form } = readingFor(module, context);
  const weights = placeWeights(module, context, reading, form);
  const ldY = paddedRows(N, NR);
  // One row is read in whole groups, and zeros past its end.
  const rowBytes = 4 * (M === 1 ? paddedRows(weights.blockedK, BLOCK) : M * K);
  const X = M === 1 ? module.allocate(rowBytes) : module.scratch(rowBytes);
  const Y = module.scratch(4 * M * ldY);
  const turned = turn(module, context, X, rowBytes);
  const call: Call = { module, context, weights, X: turned.X, rowBytes, Y, ldY };
  const product =
    form === 'row' ? decode(call, reading) : form === 'bytes' ? prefillBytes(call, reading) : prefill(call);
  const parts = [...turned.parts, ...product.parts, ...prepareCorrection(call, product)];
  const runs = parts.map(({ run }) => run);
  return {
    upload: (given) => module.f32(X, M * K).set(given.X),
    run() {
      for (const run of runs) run();
    },
    places: { X, Y, ldY },
    arithmetic: form === 'floats' ? 'f32' : undefined,
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, N, ldY),
    workspaceBytes:
      parts.reduce((sum, { scratchBytes }) => sum + scratchBytes, 0) + weights.scratchBytes + 4 * M * (ldY - N),
    dispose: module.close,
  };
}

/**
 * How codes are read: several rows of rounded X are multiplied as bytes where the product of such codes is exact on this machine.
 */
function readingFor(
  module: WasmModule,
  context: GridContext<Wasm>,
): { readonly reading: Reading; readonly form: Form } {
  const { problem, grid, activations } = context;
  const plain = readingOf(grid.layout);
  if (problem.M > 1 && activations === 'f32') return { reading: plain, form: 'floats' };
  const reading = readingOf(grid.layout, byteBias(module));
  if (problem.M === 1) return { reading, form: 'row' };
  // Of entries of a table that are digits a product of several rows makes f32, once for all of them.
  if (plain.variant.arithmetic === 'floats') return { reading: plain, form: 'floats' };
  return { reading, form: reading.variant.arithmetic === 'bytes' ? 'bytes' : 'floats' };
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
  const rounded = module.scratch(rowBytes);
  const run = () => module.run('roundRows', M, X, scales.at, rounded, K, scales.width);
  return { X: rounded, part: { run, scratchBytes: rowBytes } };
}

/** One row: X becomes what codes are multiplied with as they are. */
function decode(call: Call, { variant, zero, lift }: Reading): Product {
  const { module, context, weights, X, Y, ldY } = call;
  const { NR, threads } = context.runtime;
  const isInteger = context.activations !== 'f32';
  const multiplied = (digits: number, units: number): Part => ({
    run: () => module.run('gemv', threads, threads, ldY / NR, weights.plan, isInteger ? 1 : 0, digits, units, Y, NR),
    scratchBytes: 0,
  });
  if (isInteger && variant.arithmetic === 'bytes') {
    const { bytes, units, part } = roundToBytes(call, zero);
    return { parts: [part, multiplied(bytes, units)], presented: () => roundedPanels(call) };
  }
  const scales = scalesOfX(call);
  const at = scales?.at ?? 0;
  const width = weights.splitWidth;
  const blocks = weights.blockedK / width;
  const digitBytes =
    weights.blockedK * (variant.arithmetic === 'bytes' ? 3 : isInteger && variant.arithmetic === 'signs' ? 2 : 4);
  const digits = module.scratch(digitBytes);
  const units = module.scratch(UNIT_BYTES * blocks);
  const every = scales === undefined || scales.width === context.problem.K ? blocks : scales.width / width;
  const to = [X, digits, units] as const;
  const split = () => {
    if (variant.arithmetic === 'bytes') module.run('splitBytes', 1, ...to, width, blocks, zero);
    else if (variant.arithmetic === 'floats') module.run('splitFloats', 1, ...to, blocks, lift, at, every);
    else if (scales !== undefined) module.run('splitSigns', 1, ...to, width, blocks, at, every);
    else module.run('splitPairs', 1, ...to, width, blocks);
  };
  return {
    parts: [
      ...(scales === undefined ? [] : [scales.part]),
      { run: split, scratchBytes: digitBytes + UNIT_BYTES * blocks },
      multiplied(digits, units),
    ],
    presented: () => (scales === undefined ? { parts: [], panels: X } : roundedPanels(call)),
  };
}

/** Rows of X as bytes and units, in panels. */
function roundToBytes({ module, context, weights, X }: Call, zero: number) {
  const { M, K } = context.problem;
  const width = weights.splitWidth;
  const blocks = weights.blockedK / width;
  const unitBytes = UNIT_BYTES * M * blocks;
  const bytes = module.scratch(M * weights.blockedK);
  const units = module.scratch(unitBytes);
  const ofRow = context.activations === 'int8' ? 1 : 0;
  const run = () => module.run('roundBytes', Math.ceil(M / MR), X, bytes, units, M, K, width, blocks, zero, ofRow);
  return { bytes, units, part: { run, scratchBytes: M * weights.blockedK + unitBytes } };
}

/** Several rows of whole numbers. */
function prefillBytes(call: Call, { zero }: Reading): Product {
  const { module, context, weights, Y, ldY } = call;
  const { M } = context.problem;
  const { NR, threads } = context.runtime;
  const { bytes, units, part } = roundToBytes(call, zero);
  const { plan, splitWidth } = weights;
  const multiply = () =>
    module.run('gemmBytes', threads, threads, ldY / NR, plan, bytes, units, splitWidth, Y, M, ldY, NR);
  return { parts: [part, { run: multiply, scratchBytes: 0 }], presented: () => roundedPanels(call) };
}

/** Several rows in f32, rounded or not: weights become f32 a part of a panel at a time. */
function prefill(call: Call): Product {
  const { module, context, weights, Y, ldY } = call;
  const { M, K } = context.problem;
  const { NR, threads } = context.runtime;
  const { parts, panels } = roundedPanels(call);
  const multiply = () => module.run('gemm', threads, threads, ldY / NR, weights.plan, panels, Y, M, ldY, K, NR);
  return { parts: [...parts, { run: multiply, scratchBytes: 0 }], presented: () => ({ parts: [], panels }) };
}

/** X in f32 panels of MR rows, rounded where that was chosen. */
function roundedPanels(call: Call): { readonly parts: readonly Part[]; readonly panels: number } {
  const { module, context, X } = call;
  const { M, K } = context.problem;
  const scales = scalesOfX(call);
  const rounded = scales && roundInto(call, scales);
  const parts = scales === undefined || rounded === undefined ? [] : [scales.part, rounded.part];
  const from = rounded?.X ?? X;
  if (M === 1) return { parts, panels: from };
  const panels = module.scratch(4 * M * K);
  const pack = () => module.run('packX', Math.ceil(M / MR), from, panels, M, K);
  return { parts: [...parts, { run: pack, scratchBytes: 4 * M * K }], panels };
}
