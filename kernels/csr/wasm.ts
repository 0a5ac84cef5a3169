import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { UnsupportedError } from '../../bench/contract/unsupported-error.ts';
import { GROUP, L1_BYTES, PACKED_COLUMNS, panelLanes } from '../lane-panels.ts';
import { paddedRows } from '../panels.ts';
import { csrBytes, type PackedCsr } from './pack.ts';
import { MAX_UNITS, STEP } from './tiles.gen.ts';

type Context = KernelContext<'matmul', PackedCsr, unknown, Wasm>;

/** Where at least this share of weights is kept, a block of K is as wide as L1 allows, else as L2 does. */
const L1_DENSITY = 0.25;
/** What activations may take of L2 beside weights and sums. */
export const L2_BYTES = 256 * 1024;

/** X [M,K] f32, W [N,K] in CSR → Y [M,N] f32. */
export async function wasmCsr(context: Context): Promise<PreparedKernel<'matmul'>> {
  const { packed, problem, runtime } = context;
  if (packed.colIdx.BYTES_PER_ELEMENT !== 2)
    throw new UnsupportedError(`csr: on wasm K may be 65536, got ${problem.K}`);
  const module = await runtime.open('csr');
  return problem.M === 1 ? multiplyRow(context, module) : multiplyPanels(context, module);
}

function multiplyRow(
  { packed, problem: { N, K }, runtime: { threads } }: Context,
  module: WasmModule,
): PreparedKernel<'matmul'> {
  const { values, colIdx, rowPtr } = packed;
  const W = placeNonzeros(module, values, colIdx);
  const scales = placeScales(module, packed);
  const rows = module.allocate(4 * (N + 1));
  module.u32(rows, N + 1).set(rowPtr);
  const shares = placeShares(module, rowPtr, threads);
  const x = module.allocate(4 * K);
  const y = module.allocate(4 * N);
  return {
    upload: ({ X }) => module.f32(x, K).set(X),
    run:
      scales === NO_SCALES
        ? () => module.run('gemv', threads, x, rows, W.columns, W.values, shares, y)
        : () => module.run('int8Gemv', threads, x, rows, W.columns, W.values, scales, shares, y),
    places: { X: x, Y: y, ldY: N },
    readOutput: () => module.f32(y, N),
    workspaceBytes: 4 * (threads + 1),
    dispose: module.close,
  };
}

function multiplyPanels({ packed, problem, runtime }: Context, module: WasmModule): PreparedKernel<'matmul'> {
  const { M, N, K } = problem;
  const { threads, NR } = runtime;
  const unit = NR / 2;
  const lanes = panelLanes(M, unit, MAX_UNITS);
  const paddedM = Math.ceil(M / unit) * unit;
  const grouped = groupNonzeros(packed, problem, blockColumns(packed, problem, lanes));
  const W = placeNonzeros(module, grouped.values, grouped.columns);
  const scales = placeScales(module, packed);
  const steps = module.allocate(grouped.steps.byteLength);
  module.u16(steps, grouped.steps.length).set(grouped.steps);
  const starts = module.allocate(grouped.starts.byteLength);
  module.u32(starts, grouped.starts.length).set(grouped.starts);
  const shares = placeShares(module, grouped.starts, threads);
  const X = module.scratch(4 * M * K);
  const panels = module.allocate(4 * paddedM * K);
  const sumsBytes = 4 * threads * GROUP * lanes;
  const sums = module.allocate(sumsBytes);
  const Y = module.scratch(4 * M * N);
  const groupedBytes = bytesOf(grouped.values, grouped.columns, grouped.steps, grouped.starts);
  // What calls need, so that they do not hold the rest.
  const { blocks } = grouped;
  const weightBytes = groupedBytes + scaleBytes(packed) + 4 * (threads + 1);
  return {
    upload: (activations) => module.f32(X, M * K).set(activations.X),
    run() {
      module.run('packLanes', Math.ceil(K / PACKED_COLUMNS), X, panels, M, K, K, lanes, unit);
      module.run(
        'multiply',
        threads,
        panels,
        starts,
        steps,
        W.columns,
        W.values,
        scales,
        shares,
        sums,
        Y,
        M,
        N,
        K,
        blocks,
        lanes,
        unit,
      );
    },
    places: { X, Y, ldY: N },
    readOutput: () => module.f32(Y, M * N),
    workspaceBytes: 4 * paddedM * K + sumsBytes + Math.max(0, weightBytes - csrBytes(packed)),
    dispose: module.close,
  };
}

/**
 * Width of a block of K. Every row of W reads the block's columns of X again, so these should stay in a cache. Blocks that fit
 * L1 are narrow and many, and each costs every row some steps that are not full: only dense rows are worth that.
 */
function blockColumns({ values }: PackedCsr, { N, K }: MatmulProblem, lanes: number): number {
  const bytes = values.length >= L1_DENSITY * N * K ? L1_BYTES : L2_BYTES;
  return Math.min(K, Math.floor(bytes / (4 * lanes)));
}

function bytesOf(...arrays: readonly ArrayBufferView[]): number {
  return arrays.reduce((sum, array) => sum + array.byteLength, 0);
}

type Values = PackedCsr['values'];

function placeNonzeros(module: WasmModule, values: Values, columns: Uint16Array | Uint32Array) {
  const at = { values: module.allocate(values.byteLength), columns: module.allocate(columns.byteLength) };
  if (values instanceof Int8Array) module.i8(at.values, values.length).set(values);
  else module.f32(at.values, values.length).set(values);
  module.u16(at.columns, columns.length).set(columns);
  return at;
}

/** What stands for scales where values are f32. */
const NO_SCALES = 0;

function placeScales(module: WasmModule, packed: PackedCsr): number {
  if (!('scales' in packed)) return NO_SCALES;
  const at = module.allocate(packed.scales.byteLength);
  module.f32(at, packed.scales.length).set(packed.scales);
  return at;
}

function scaleBytes(packed: PackedCsr): number {
  return 'scales' in packed ? packed.scales.byteLength : 0;
}

/** Where each thread's items begin, and the end: items start at starts[i], and all threads get about as many nonzeros. */
function placeShares(module: WasmModule, starts: Uint32Array, threads: number): number {
  const shares = module.allocate(4 * (threads + 1));
  const items = starts.length - 1;
  const total = starts[items];
  const share = module.i32(shares, threads + 1);
  for (let t = 0, i = 0; t < threads; t++) {
    while (i < items && starts[i] * threads < total * t) i++;
    share[t] = i;
  }
  share[threads] = items;
  return shares;
}

interface GroupedNonzeros {
  readonly values: Values;
  readonly columns: Uint16Array;
  /** [groups][blocks][rows of the group] */
  readonly steps: Uint16Array;
  /** [groups + 1] */
  readonly starts: Uint32Array;
  readonly blocks: number;
}

/**
 * Nonzeros group by group of rows, within a group block by block of K, within a block row by row, each padded to whole
 * steps with zeros.
 */
function groupNonzeros({ values, colIdx, rowPtr }: PackedCsr, { N, K }: MatmulProblem, KC: number): GroupedNonzeros {
  const blocks = Math.ceil(K / KC);
  const most = values.length + N * blocks * (STEP - 1);
  const paddedValues = values instanceof Int8Array ? new Int8Array(most) : new Float32Array(most);
  const columns = new Uint16Array(most);
  const steps = new Uint16Array(N * blocks);
  const starts = new Uint32Array(Math.ceil(N / GROUP) + 1);
  const next = rowPtr.slice(0, N);
  let at = 0;
  let counted = 0;
  for (let g = 0; g * GROUP < N; g++) {
    for (let b = 0; b < blocks; b++) {
      for (let n = g * GROUP; n < Math.min(N, (g + 1) * GROUP); n++) {
        const begin = next[n];
        while (next[n] < rowPtr[n + 1] && colIdx[next[n]] < (b + 1) * KC) next[n]++;
        paddedValues.set(values.subarray(begin, next[n]), at);
        columns.set(colIdx.subarray(begin, next[n]), at);
        // The padding's zeros are multiplied with a column that the step reads anyway.
        columns.fill(colIdx[begin], at + next[n] - begin, at + paddedRows(next[n] - begin, STEP));
        steps[counted] = Math.ceil((next[n] - begin) / STEP);
        at += steps[counted++] * STEP;
      }
    }
    starts[g + 1] = at;
  }
  return { values: paddedValues.subarray(0, at), columns: columns.subarray(0, at), steps, starts, blocks };
}
