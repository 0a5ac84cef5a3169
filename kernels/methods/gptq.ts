// GPTQ: columns are rounded one after another, and what rounding one got wrong is made up for by the columns still to come, as
// far as activations of the calibration inputs allow. Rows of W never meet, so each is kept whole in float64.
import { eachBlock, type Grid, minAt, scaleAt } from '../grid/grid.ts';
import { emptyChoice, type GridChoice, groupsOf, type MatmulShape, minsOf, scalesOf } from '../grid/layout.ts';
import { addFourRows, addRow } from './add-rows.ts';
import { upperFactorOfInverse } from './cholesky.ts';
import { dampedHessian } from './hessian.ts';
import { calibrationOf, type GridMethod } from './method.ts';

/** Columns after which the errors so far are passed on to all later columns at once. */
const LAZY = 128;
/** Rows that are passed errors together. */
const ROWS = 16;

/**
 * Scales of blocks within a row are fitted when their first column is due, to the weights as they stand by then; with columns
 * in order of their activations, and where a block is a row or more, to the original weights before all else. In two points
 * it departs from IST-DASLab's gptq.py: a block that begins inside the 128 columns sees all errors before it, not only those of
 * earlier 128s, and channels that calibration never used are rounded to nearest rather than set to 0, as other inputs may
 * use them. A format's own `round` is not used: its codes would not be chosen one by one.
 */
export const gptq: GridMethod = {
  summary: 'columns in turn, each one’s error made up for by the later ones',
  source: 'Frantar et al., GPTQ, arXiv 2210.17323; IST-DASLab/gptq, gptq.py',
  needsCalibration: true,
  choose(W, shape, grid, context) {
    const H = dampedHessian(calibrationOf('gptq', context), shape.K);
    return { choice: roundAgainst(H, W, shape, grid, context.actOrder) };
  },
};

/** Under a Hessian [K,K] that is positive definite; it is overwritten. */
export function roundAgainst(
  H: Float64Array,
  W: Float32Array,
  shape: MatmulShape,
  grid: Grid,
  actOrder = false,
): GridChoice {
  const { K } = shape;
  const order = actOrder ? byDiagonal(H, K) : undefined;
  const choice = emptyChoice(grid.layout, shape);
  const fitsLate = order === undefined && grid.block < K;
  if (!fitsLate) eachBlock(grid, W, shape, (weights, at) => grid.fit(weights, at, choice));
  const U = order === undefined ? H : permuted(H, order, order);
  upperFactorOfInverse(U, K);
  const columns = order ?? Int32Array.from({ length: K }, (_, k) => k);
  roundColumns(permuted(W, undefined, columns), U, shape, grid, choice, columns, fitsLate);
  return choice;
}

/** Columns by decreasing diagonal. */
function byDiagonal(H: Float64Array, K: number): Int32Array {
  return Int32Array.from({ length: K }, (_, k) => k).sort((a, b) => H[b * K + b] - H[a * K + a] || a - b);
}

/** Rows and columns of a matrix in another order, as float64. */
function permuted(
  matrix: Float32Array | Float64Array,
  rows: Int32Array | undefined,
  columns: Int32Array,
): Float64Array {
  const K = columns.length;
  const result = new Float64Array(matrix.length);
  for (let n = 0; n < matrix.length / K; n++) {
    const from = (rows === undefined ? n : rows[n]) * K;
    for (let i = 0; i < K; i++) result[n * K + i] = matrix[from + columns[i]];
  }
  return result;
}

/** W [N,K] with its columns in the order given and U their factor; W is overwritten. */
function roundColumns(
  W: Float64Array,
  U: Float64Array,
  shape: MatmulShape,
  grid: Grid,
  choice: GridChoice,
  columns: Int32Array,
  fitsLate: boolean,
): void {
  const { N, K } = shape;
  const { layout, block, encode } = grid;
  const { values, group } = layout;
  const groups = groupsOf(layout, K);
  const scales = scalesOf(choice, layout, shape);
  const mins = minsOf(choice, layout, shape) ?? new Float32Array(N * groups);
  const errors = new Float64Array(N * LAZY);
  for (let from = 0, to = 0; from < K; from = to) {
    to = fitsLate ? endOfStretch(from, block, K) : Math.min(K, from + LAZY);
    for (let n = 0; n < N; n++) {
      for (let i = from; i < to; i++) {
        if (fitsLate && i % block === 0) fitBlock(W, n, i, shape, grid, choice, scales, mins);
        const k = columns[i];
        const g = n * groups + Math.floor(k / group);
        const w = W[n * K + i];
        const code = encode(w, scales[g], mins[g]);
        choice.codes[n * K + k] = code;
        const error = (Math.fround(scales[g] * values[code] - mins[g]) - w) / U[i * K + i];
        errors[n * LAZY + i - from] = error;
        addRow(W, n * K + i + 1, to - i - 1, U, i * K + i + 1, error);
      }
    }
    passOn(W, U, errors, from, to, shape);
  }
}

/** A whole number of blocks, or a part of one that is too long. */
function endOfStretch(from: number, block: number, K: number): number {
  if (block <= LAZY) return Math.min(K, from + Math.floor(LAZY / block) * block);
  return Math.min(K, from + LAZY, from - (from % block) + block);
}

function fitBlock(
  W: Float64Array,
  n: number,
  k: number,
  { K }: MatmulShape,
  grid: Grid,
  choice: GridChoice,
  scales: Float32Array,
  mins: Float32Array,
): void {
  const { layout, block } = grid;
  const to = Math.min(K, k + block);
  const group = n * groupsOf(layout, K) + k / layout.group;
  const at = { index: n * Math.ceil(K / block) + k / block, weight: n * K + k, group };
  grid.fit(Float32Array.from(W.subarray(n * K + k, n * K + to)), at, choice);
  for (let g = group; g < group + Math.ceil((to - k) / layout.group); g++) {
    scales[g] = scaleAt(choice, layout, g);
    mins[g] = minAt(choice, layout, g);
  }
}

/** Columns from `to` on take the errors of columns from … to. */
function passOn(
  W: Float64Array,
  U: Float64Array,
  errors: Float64Array,
  from: number,
  to: number,
  { N, K }: MatmulShape,
): void {
  for (let first = 0; first < N; first += ROWS) {
    const last = Math.min(N, first + ROWS);
    let i = from;
    for (; i + 4 <= to; i += 4) {
      const u = i * K + to;
      for (let n = first; n < last; n++) {
        const e = n * LAZY + i - from;
        const [e0, e1, e2, e3] = [errors[e], errors[e + 1], errors[e + 2], errors[e + 3]];
        addFourRows(W, n * K + to, K - to, U, u, u + K, u + 2 * K, u + 3 * K, e0, e1, e2, e3);
      }
    }
    for (; i < to; i++) {
      for (let n = first; n < last; n++) addRow(W, n * K + to, K - to, U, i * K + to, errors[n * LAZY + i - from]);
    }
  }
}
