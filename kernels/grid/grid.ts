// What a method needs to know of a format, to choose its codes and scales without knowing which format it is.
import { emptyChoice, type GridChoice, type GridLayout, groupsOf, type MatmulShape } from './layout.ts';

/** A format at one choice of its parameters and one shape. */
export interface Grid {
  readonly layout: GridLayout;
  /** Weights whose scales are fitted together: whole groups along K; K·N for all of a matrix, K for a row. */
  readonly block: number;
  /**
   * Chooses the scales of one block for its weights and writes them into `into`. `importance` says how much an error of each
   * weight matters, all alike where it is missing.
   */
  fit(weights: Float32Array, at: BlockPlace, into: GridChoice, importance?: Float32Array): void;
  /** The code nearest to a weight, given the scale and min of its group. */
  encode(weight: number, scale: number, min: number): number;
  /**
   * Scales and codes of one block at once, where the format's own rounding is more than the nearest code for each weight
   * under the fitted scales.
   */
  round?(weights: Float32Array, at: BlockPlace, into: GridChoice, importance?: Float32Array): void;
}

/** Where a block lies: its first weight in [N,K] and its first group in [N,groups]. */
export interface BlockPlace {
  readonly index: number;
  readonly weight: number;
  readonly group: number;
}

/** Calls `visit` with each block's place and its weights, which are a copy that is overwritten for the next. */
export function eachBlock(
  { layout, block }: Pick<Grid, 'layout' | 'block'>,
  W: Float32Array,
  { N, K }: MatmulShape,
  visit: (weights: Float32Array, at: BlockPlace) => void,
): void {
  const groups = groupsOf(layout, K);
  if (block >= K) {
    const rows = Math.max(1, Math.floor(block / K));
    for (let n = 0, index = 0; n < N; n += rows, index++) {
      visit(W.slice(n * K, Math.min(N, n + rows) * K), { index, weight: n * K, group: n * groups });
    }
    return;
  }
  const blocks = Math.ceil(K / block);
  const whole = new Float32Array(block);
  const last = whole.subarray(0, K - (blocks - 1) * block);
  for (let n = 0; n < N; n++) {
    for (let b = 0; b < blocks; b++) {
      const from = n * K + b * block;
      const weights = b < blocks - 1 ? whole : last;
      for (let i = 0; i < weights.length; i++) weights[i] = W[from + i];
      visit(weights, { index: n * blocks + b, weight: from, group: n * groups + (b * block) / layout.group });
    }
  }
}

/** Scale of one group as the choice stores it. */
export function scaleAt(choice: GridChoice, { scale }: GridLayout, group: number): number {
  const factor = factorAt(scale, choice.scales, choice.scaleCodes, group);
  return choice.scaleOffset === undefined ? factor : Math.fround(factor + choice.scaleOffset[0]);
}

/** What is taken off the weights of one group; 0 where nothing is. */
export function minAt({ mins, minCodes }: GridChoice, { min }: GridLayout, group: number): number {
  return min === undefined ? 0 : factorAt(min, mins, minCodes, group);
}

function factorAt(
  part: GridLayout['scale'],
  shared: Float16Array | Float32Array | undefined,
  codes: Uint8Array | undefined,
  group: number,
): number {
  const number = shared === undefined ? 1 : shared[Math.floor(group / (part?.shared?.every ?? 1))];
  return codes === undefined || part?.coded === undefined
    ? number
    : Math.fround(number * part.coded.values[codes[group]]);
}

/** Round to nearest: each block by the format's own rounding. W [N,K]; importance [K]. */
export function roundToNearest(grid: Grid, W: Float32Array, shape: MatmulShape, importance?: Float32Array): GridChoice {
  const choice = emptyChoice(grid.layout, shape);
  const { K } = shape;
  const important = importance && new Float32Array(Math.min(grid.block, W.length));
  eachBlock(grid, W, shape, (weights, at) => {
    if (important && importance) {
      for (let i = 0; i < weights.length; i++) important[i] = importance[(at.weight + i) % K];
    }
    const own = important?.subarray(0, weights.length);
    if (grid.round !== undefined) {
      grid.round(weights, at, choice, own);
      return;
    }
    grid.fit(weights, at, choice, own);
    encodeBlock(grid, weights, at, choice, K);
  });
  return choice;
}

/** Each weight of a block to the nearest code under the scales that `into` has for it. */
export function encodeBlock(grid: Grid, weights: Float32Array, at: BlockPlace, into: GridChoice, K: number): void {
  const { layout, encode } = grid;
  const groups = groupsOf(layout, K);
  for (let i = 0; i < weights.length; ) {
    const k = (at.weight + i) % K;
    const group = Math.floor((at.weight + i) / K) * groups + Math.floor(k / layout.group);
    const end = Math.min(weights.length, i + Math.min(layout.group - (k % layout.group), K - k));
    const scale = scaleAt(into, layout, group);
    const min = minAt(into, layout, group);
    for (; i < end; i++) into.codes[at.weight + i] = encode(weights[i], scale, min);
  }
}
