// Scales near the fitted ones that make Σ importance·(w − ŵ)² smaller.
import { type Grid, minAt, scaleAt } from '../grid/grid.ts';
import { type GridChoice, groupsOf, type MatmulShape } from '../grid/layout.ts';
import { asStored, eachScaleRun, whyNotPlain } from './scale-runs.ts';

/** Scales tried: the fitted one times 1 ± up to so many steps. */
const STEPS = 9;
const STEP = 0.025;
/** Scale codes tried: so many up and down. */
const CODE_STEPS = 2;

interface Candidate {
  readonly codes: Uint8Array | Uint16Array;
  readonly scale: number;
  readonly min: number;
}

/** Weights of one scale, how much each matters, and the best found for them so far. */
interface Search {
  readonly weights: Float32Array;
  readonly importance: Float32Array;
  best: Candidate;
  least: number;
}

/**
 * Where scales are plain numbers: as ggml's make_qx_quants and make_qkx2_quants do, multiples of the fitted one, each
 * followed by the scale, and min if any, that is best for the codes it led to. Does nothing to other layouts.
 */
export function searchScales(
  W: Float32Array,
  shape: MatmulShape,
  grid: Grid,
  choice: GridChoice,
  importance: Float32Array,
): void {
  const { layout } = grid;
  if (whyNotPlain(layout) !== undefined) return;
  const { codes, scales, mins } = choice;
  eachScaleRun(layout, shape, ({ index, from, to }) => {
    const given = { codes: codes.slice(from, to), scale: scales![index], min: mins?.[index] ?? 0 };
    const search = begin(W, from, given, importance, layout.values);
    for (let step = -STEPS; step <= STEPS; step++) {
      const factor = 1 + step * STEP;
      const tried = tryScale(search, grid, ...stored(grid, factor * given.scale, factor * given.min));
      tryScale(search, grid, ...leastSquares(search, tried, grid));
    }
    codes.set(search.best.codes, from);
    scales![index] = search.best.scale;
    if (mins !== undefined) mins[index] = search.best.min;
  });
}

/** Where each group has a code for its scale and no min: the codes beside it. Does nothing to other layouts. */
export function searchScaleCodes(
  W: Float32Array,
  shape: MatmulShape,
  grid: Grid,
  choice: GridChoice,
  importance: Float32Array,
): void {
  const { layout } = grid;
  const { codes, scaleCodes } = choice;
  if (layout.scale?.coded === undefined || layout.min !== undefined || scaleCodes === undefined) return;
  const { values } = layout.scale.coded;
  const groups = groupsOf(layout, shape.K);
  for (let g = 0; g < scaleCodes.length; g++) {
    const from = Math.floor(g / groups) * shape.K + (g % groups) * layout.group;
    const to = Math.min((Math.floor(g / groups) + 1) * shape.K, from + layout.group);
    const fitted = scaleCodes[g];
    const given = { codes: codes.slice(from, to), scale: scaleAt(choice, layout, g), min: minAt(choice, layout, g) };
    const search = begin(W, from, given, importance, layout.values);
    let kept = fitted;
    for (let code = fitted - CODE_STEPS; code <= fitted + CODE_STEPS; code++) {
      if (!Number.isFinite(values[code])) continue;
      scaleCodes[g] = code;
      const { least } = search;
      tryScale(search, grid, scaleAt(choice, layout, g), 0);
      if (search.least < least) kept = code;
    }
    scaleCodes[g] = kept;
    codes.set(search.best.codes, from);
  }
}

function begin(W: Float32Array, from: number, best: Candidate, importance: Float32Array, values: Float32Array): Search {
  const K = importance.length;
  const length = best.codes.length;
  const own = Float32Array.from({ length }, (_, i) => importance[(from + i) % K]);
  const search = { weights: W.subarray(from, from + length), importance: own, best, least: 0 };
  search.least = errorOf(search, best, values);
  return search;
}

function stored({ layout: { scale, min } }: Grid, scaleWanted: number, minWanted: number): [number, number] {
  const storedMin = min === undefined ? 0 : asStored(minWanted, min.shared!.type);
  return [asStored(scaleWanted, scale!.shared!.type), storedMin];
}

/** Nearest codes under a scale and min, kept if they are the best so far. */
function tryScale(search: Search, { layout, encode }: Grid, scale: number, min: number): Candidate {
  const codes = search.best.codes.slice();
  for (let i = 0; i < codes.length; i++) codes[i] = encode(search.weights[i], scale, min);
  const candidate = { codes, scale, min };
  const error = errorOf(search, candidate, layout.values);
  if (error < search.least) {
    search.least = error;
    search.best = candidate;
  }
  return candidate;
}

function errorOf({ weights, importance }: Search, { codes, scale, min }: Candidate, values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const error = weights[i] - (scale * values[codes[i]] - min);
    sum += importance[i] * error * error;
  }
  return sum;
}

/** The scale and min that are best for given codes, as they would be stored; those given where codes don't tell. */
function leastSquares({ weights, importance }: Search, given: Candidate, grid: Grid): [number, number] {
  const { values, min } = grid.layout;
  const { codes } = given;
  let ii = 0;
  let iv = 0;
  let ivv = 0;
  let iw = 0;
  let ivw = 0;
  for (let i = 0; i < weights.length; i++) {
    const value = values[codes[i]];
    const important = importance[i];
    ii += important;
    iv += important * value;
    ivv += important * value * value;
    iw += important * weights[i];
    ivw += important * value * weights[i];
  }
  if (min === undefined) return ivv > 0 ? stored(grid, ivw / ivv, 0) : [given.scale, 0];
  const determinant = ivv * ii - iv * iv;
  if (!(determinant > 1e-9 * ivv * ii)) return [given.scale, given.min];
  const scale = (ivw * ii - iw * iv) / determinant;
  return stored(grid, scale, (scale * iv - iw) / ii);
}
