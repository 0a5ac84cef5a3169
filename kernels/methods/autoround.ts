// AutoRound: whether each weight is rounded up or down is learned on what it does to the outputs.
import type { Grid } from '../grid/grid.ts';
import { type GridChoice, type GridLayout, groupsOf, type MatmulShape, minsOf, scalesOf } from '../grid/layout.ts';
import { addFourRows, addRow } from './add-rows.ts';
import { roundClipped } from './clip.ts';
import { dampedHessian } from './hessian.ts';
import { calibrationOf, type GridMethod } from './method.ts';

const STEPS = 200;

/**
 * An offset V in [−½, ½] is added to each weight, in steps between the two stored values about it, before it is rounded to one
 * of them; V moves by the sign of the output error's gradient, at a rate that falls from 1/200 to 0 in 200 steps, and each
 * row keeps the best it saw, as in the article. Three things are not: ranges, which the article tunes in the same steps, are
 * those of AWQ's search before them, since a step of the range moves every weight; the gradient is that of all calibration rows
 * at once, through their gram matrix; and weights outside the range stay.
 */
export const autoround: GridMethod = {
  summary: 'ranges clipped, then up or down for each weight learned by signed gradient descent on the output error',
  source: 'Cheng et al., SignRound, arXiv 2309.05516; intel/auto-round',
  needsCalibration: true,
  choose(W, shape, grid, context) {
    return { choice: learnAgainst(dampedHessian(calibrationOf('autoround', context), shape.K), W, shape, grid) };
  },
};

/** For the least output error under a Hessian [K,K]. */
export function learnAgainst(H: Float64Array, W: Float32Array, shape: MatmulShape, grid: Grid): GridChoice {
  const { N, K } = shape;
  const choice = roundClipped(W, shape, grid, H);
  const scales = scalesOf(choice, grid.layout, shape);
  const mins = minsOf(choice, grid.layout, shape) ?? new Float32Array(scales.length);
  const sorted = sortedCodes(grid.layout);
  const row = emptyRow(K);
  for (let n = 0; n < N; n++) {
    const codes = choice.codes.subarray(n * K, (n + 1) * K);
    findNeighbours(W, n, shape, grid, codes, scales, mins, sorted, row);
    learn(row, H, K);
    for (let k = 0; k < K; k++) if (row.best[k] === 1) codes[k] = row.other[k];
  }
  return choice;
}

/** One row of W: for each weight the nearest value, and the other beside it. */
interface Row {
  /** Value chosen now minus the weight. */
  readonly error: Float64Array;
  /** Of the other value minus the nearest; 0 where there is no other. */
  readonly gap: Float64Array;
  /** What V must pass for the other value to be taken, 0 to ½. */
  readonly threshold: Float64Array;
  /** V times the sign of the gap. */
  readonly offset: Float64Array;
  /** Code of the other value. */
  readonly other: Uint16Array;
  /** Which weights take the other value: now, and at the least error. */
  readonly taken: Uint8Array;
  readonly best: Uint8Array;
  /** Error·H. */
  readonly gradient: Float64Array;
}

function emptyRow(K: number): Row {
  return {
    error: new Float64Array(K),
    gap: new Float64Array(K),
    threshold: new Float64Array(K),
    offset: new Float64Array(K),
    other: new Uint16Array(K),
    taken: new Uint8Array(K),
    best: new Uint8Array(K),
    gradient: new Float64Array(K),
  };
}

/** Codes of finite values from the least to the largest, one for each value, and where each code's value stands there. */
function sortedCodes({ values }: GridLayout): { codes: Uint16Array; ranks: Uint16Array } {
  const all = Array.from(values.keys()).filter((code) => Number.isFinite(values[code]));
  all.sort((a, b) => values[a] - values[b] || a - b);
  const codes: number[] = [];
  const ranks = new Uint16Array(values.length);
  for (const code of all) {
    if (codes.length === 0 || values[codes[codes.length - 1]] !== values[code]) codes.push(code);
    ranks[code] = codes.length - 1;
  }
  return { codes: Uint16Array.from(codes), ranks };
}

function findNeighbours(
  W: Float32Array,
  n: number,
  { K }: MatmulShape,
  { layout }: Grid,
  codes: Uint8Array | Uint16Array,
  scales: Float32Array,
  mins: Float32Array,
  sorted: { codes: Uint16Array; ranks: Uint16Array },
  row: Row,
): void {
  const groups = groupsOf(layout, K);
  for (let k = 0; k < K; k++) {
    const g = n * groups + Math.floor(k / layout.group);
    const value = (code: number) => Math.fround(scales[g] * layout.values[code] - mins[g]);
    const nearest = value(codes[k]);
    row.error[k] = nearest - W[n * K + k];
    const upwards = row.error[k] < 0 === scales[g] > 0;
    const other = sorted.codes[sorted.ranks[codes[k]] + (upwards ? 1 : -1)];
    const gap = other === undefined ? 0 : value(other) - nearest;
    // A format may round otherwise than to the nearest; then the other value need not lie beyond the weight.
    row.gap[k] = row.error[k] * gap < 0 ? gap : 0;
    row.other[k] = other ?? 0;
    row.threshold[k] = row.gap[k] === 0 ? 1 : Math.max(0, 0.5 + row.error[k] / row.gap[k]);
  }
}

function learn(row: Row, H: Float64Array, K: number): void {
  const { error, gap, threshold, offset, taken, best, gradient } = row;
  offset.fill(0);
  taken.fill(0);
  best.fill(0);
  gradient.fill(0);
  for (let k = 0; k < K; k++) addRow(gradient, 0, K, H, k * K, error[k]);
  const flips = new Int32Array(K);
  let least = dot(error, gradient);
  for (let step = 0; step < STEPS; step++) {
    const rate = (1 - step / STEPS) / STEPS;
    let count = 0;
    for (let k = 0; k < K; k++) {
      const slope = gradient[k] * gap[k];
      if (slope === 0) continue;
      offset[k] = Math.max(-0.5, Math.min(0.5, offset[k] + (slope > 0 ? -rate : rate)));
      if ((offset[k] > threshold[k] ? 1 : 0) !== taken[k]) flips[count++] = k;
    }
    if (count === 0) continue;
    flip(row, flips.subarray(0, count), H, K);
    const loss = dot(error, gradient);
    if (loss < least) {
      least = loss;
      best.set(taken);
    }
  }
}

/** Takes the other of some weights' two values. */
function flip({ error, gap, taken, gradient }: Row, flips: Int32Array, H: Float64Array, K: number): void {
  const steps = Float64Array.from(flips, (k) => (taken[k] === 1 ? -gap[k] : gap[k]));
  for (let f = 0; f < flips.length; f++) {
    taken[flips[f]] = 1 - taken[flips[f]];
    error[flips[f]] += steps[f];
  }
  let f = 0;
  for (; f + 4 <= flips.length; f += 4) {
    const [a, b, c, d] = [flips[f] * K, flips[f + 1] * K, flips[f + 2] * K, flips[f + 3] * K];
    addFourRows(gradient, 0, K, H, a, b, c, d, steps[f], steps[f + 1], steps[f + 2], steps[f + 3]);
  }
  for (; f < flips.length; f++) addRow(gradient, 0, K, H, flips[f] * K, steps[f]);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
