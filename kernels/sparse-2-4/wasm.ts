import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { GROUP, L1_BYTES, PACKED_COLUMNS, panelLanes } from '../lane-panels.ts';
import { paddedRows } from '../panels.ts';
import { indexStride, type PackedSparse24, paddedK } from './pack.ts';
import { MAX_UNITS } from './tiles.gen.ts';

type Context = KernelContext<'matmul', PackedSparse24, unknown, Wasm>;

/** Columns of X a step of a tile takes. */
const STEP_COLUMNS = 16;
/** Rows of W that decoding takes side by side. */
const DECODE_ROWS = 16;

/** X [M,K] f32, W [N,K] with 2 of 4 kept → Y [M,N] f32. */
export async function wasmSparse24(context: Context): Promise<PreparedKernel<'matmul'>> {
  const module = await context.runtime.open('sparse-2-4');
  return context.problem.M === 1 ? multiplyRow(context, module) : multiplyPanels(context, module);
}

function multiplyRow({ packed, problem }: Context, module: WasmModule): PreparedKernel<'matmul'> {
  const { N, K } = problem;
  const groups = paddedK(K) / 4;
  const panels = Math.ceil(N / DECODE_ROWS);
  const valuesLength = panels * groups * DECODE_ROWS * 2;
  const placesLength = (panels * groups * DECODE_ROWS) / 2;
  const values = allocateValues(module, packed, valuesLength);
  const scales = placeScales(module, packed, panels * DECODE_ROWS);
  const places = module.allocate(placesLength);
  interleaveRows(packed, problem, viewValues(module, packed, values, valuesLength), module.u8(places, placesLength));
  const table = module.allocate(PICKS.byteLength);
  module.u8(table, PICKS.length).set(PICKS);
  const x = module.allocate(4 * paddedK(K));
  const y = module.allocate(4 * panels * DECODE_ROWS);
  return {
    upload: ({ X }) => module.f32(x, K).set(X),
    run:
      scales === NO_SCALES
        ? () => module.run('gemv', panels, x, values, places, table, y, groups)
        : () => module.run('int8Gemv', panels, x, values, scales, places, table, y, groups),
    places: { X: x, Y: y, ldY: N },
    readOutput: () => module.f32(y, N),
    workspaceBytes: PICKS.byteLength + 4 * (paddedK(K) - K + panels * DECODE_ROWS - N),
    dispose: module.close,
  };
}

function multiplyPanels({ packed, problem, runtime }: Context, module: WasmModule): PreparedKernel<'matmul'> {
  const { M, N, K } = problem;
  const { threads, NR } = runtime;
  const unit = NR / 2;
  const lanes = panelLanes(M, unit, MAX_UNITS);
  const panelK = paddedRows(K, STEP_COLUMNS);
  const KC = Math.floor(L1_BYTES / (4 * lanes * STEP_COLUMNS)) * STEP_COLUMNS;
  const values = allocateValues(module, packed, (N * panelK) / 2);
  const scales = placeScales(module, packed, N);
  const places = module.allocate((N * panelK) / 8);
  groupRows(
    packed,
    problem,
    KC,
    viewValues(module, packed, values, (N * panelK) / 2),
    module.u8(places, (N * panelK) / 8),
  );
  const X = module.scratch(4 * M * K);
  const panelBytes = 4 * paddedRows(M, unit) * panelK;
  const panels = module.allocate(panelBytes);
  const sumsBytes = 4 * threads * GROUP * lanes;
  const sums = module.allocate(sumsBytes);
  const Y = module.scratch(4 * M * N);
  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run() {
      module.run('packLanes', Math.ceil(K / PACKED_COLUMNS), X, panels, M, K, panelK, lanes, unit);
      module.run('multiply', threads, threads, panels, values, scales, places, sums, Y, M, N, panelK, KC, lanes, unit);
    },
    places: { X, Y, ldY: N },
    readOutput: () => module.f32(Y, M * N),
    workspaceBytes: panelBytes + sumsBytes,
    dispose: module.close,
  };
}

type Values = PackedSparse24['values'];

function allocateValues(module: WasmModule, { values }: PackedSparse24, length: number): number {
  return module.allocate(values.BYTES_PER_ELEMENT * length);
}

function viewValues(module: WasmModule, { values }: PackedSparse24, at: number, length: number): Values {
  return values instanceof Int8Array ? module.i8(at, length) : module.f32(at, length);
}

/** What stands for scales where values are f32. */
const NO_SCALES = 0;

function placeScales(module: WasmModule, packed: PackedSparse24, length: number): number {
  if (!('scales' in packed)) return NO_SCALES;
  const at = module.allocate(4 * length);
  module.f32(at, length).set(packed.scales);
  return at;
}

/** Kept weights in groups of rows, within a group in blocks of KC columns, within a block row by row. */
function groupRows(packed: PackedSparse24, { N, K }: MatmulProblem, KC: number, values: Values, places: Uint8Array) {
  const kept = paddedK(K) / 2;
  const stride = indexStride(K);
  const panelK = paddedRows(K, STEP_COLUMNS);
  let at = 0;
  for (let g = 0; g < N; g += GROUP) {
    for (let k = 0; k < panelK; k += KC) {
      const kc = Math.min(KC, panelK - k);
      for (let n = g; n < Math.min(N, g + GROUP); n++) {
        values.set(packed.values.subarray(n * kept + k / 2, n * kept + Math.min(kept, (k + kc) / 2)), at);
        places.set(packed.indices.subarray(n * stride + k / 8, n * stride + Math.min(stride, (k + kc) / 8)), at / 4);
        at += kc / 2;
      }
    }
  }
}

/** Kept weights [N/16][K/4][16][2] and their places [N/16][K/4][16] of four bits, an even row's in the low half. Fours of int8 alternate. */
function interleaveRows(packed: PackedSparse24, { N, K }: MatmulProblem, values: Values, places: Uint8Array) {
  const groups = paddedK(K) / 4;
  const order = values instanceof Int8Array ? interleaveFours : (at: number) => at;
  for (let n = 0; n < N; n++) {
    const row = n % DECODE_ROWS;
    for (let g = 0; g < groups; g++) {
      const at = ((n - row) * groups + g * DECODE_ROWS + row) * 2;
      const from = (n * groups + g) * 2;
      values[order(at)] = packed.values[from];
      values[order(at + 1)] = packed.values[from + 1];
      const bits = (packed.indices[n * indexStride(K) + (g >> 1)] >> ((g & 1) * 4)) & 15;
      places[at >> 2] |= bits << ((row & 1) * 4);
    }
  }
}

/** Of eight values the first four and the last four alternate: 0 4 1 5 2 6 3 7. */
function interleaveFours(at: number): number {
  return (at & ~7) | ((at & 3) << 1) | ((at >> 2) & 1);
}

/** [256][16]: for the four places in a byte, which bytes of four f32 they pick. */
const PICKS = Uint8Array.from({ length: 256 * 16 }, (_, i) => {
  const place = ((i >> 4) >> (((i >> 2) & 3) * 2)) & 3;
  return place * 4 + (i & 3);
});
