// Ranges narrower than their weights', for finer steps in what is left of them.
import { type BlockPlace, eachBlock, encodeBlock, type Grid, minAt, roundToNearest, scaleAt } from '../grid/grid.ts';
import { emptyChoice, type GridChoice, type MatmulShape } from '../grid/layout.ts';
import { outputError } from './output-error.ts';

/** Share of the range that is kept, tried for each block: 1, 0.95 … 0.55. */
const CLIPS = 10;
const CLIP_STEP = 0.05;
/** Longer blocks are not clipped: trying a clip takes the square of their length. */
const LONGEST_CLIPPED = 256;

/**
 * Round to nearest with each block's weights cut to the share of its range that does its outputs least harm, given H = XᵀX
 * [K,K]; nothing is cut of blocks that are a row or more. As in llm-awq's auto_clip.py.
 */
export function roundClipped(W: Float32Array, shape: MatmulShape, grid: Grid, H: Float64Array): GridChoice {
  const { K } = shape;
  if (grid.block >= K || grid.block > LONGEST_CLIPPED) return roundToNearest(grid, W, shape);
  const choice = emptyChoice(grid.layout, shape);
  const delta = new Float64Array(grid.block);
  eachBlock(grid, W, shape, (weights, at) => {
    const local = blockOf(H, K, at.weight % K, weights.length);
    const extreme = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    let best = 1;
    let least = Infinity;
    for (let c = 0; c < CLIPS; c++) {
      const keep = 1 - c * CLIP_STEP;
      roundBlock(weights, keep * extreme, at, grid, choice, K);
      subtract(choice, weights, at, grid, delta);
      const error = outputError(delta, local, 1, weights.length);
      if (error < least) {
        least = error;
        best = keep;
      }
    }
    roundBlock(weights, best * extreme, at, grid, choice, K);
  });
  return choice;
}

function roundBlock(
  weights: Float32Array,
  limit: number,
  at: BlockPlace,
  grid: Grid,
  into: GridChoice,
  K: number,
): void {
  const cut = weights.map((weight) => Math.max(-limit, Math.min(limit, weight)));
  if (grid.round !== undefined) {
    grid.round(cut, at, into);
    return;
  }
  grid.fit(cut, at, into);
  encodeBlock(grid, cut, at, into, K);
}

/** What a block's codes stand for less its weights. */
function subtract(
  choice: GridChoice,
  weights: Float32Array,
  at: BlockPlace,
  { layout }: Grid,
  delta: Float64Array,
): void {
  for (let from = 0, group = at.group; from < weights.length; from += layout.group, group++) {
    const scale = scaleAt(choice, layout, group);
    const min = minAt(choice, layout, group);
    const to = Math.min(weights.length, from + layout.group);
    for (let i = from; i < to; i++) delta[i] = scale * layout.values[choice.codes[at.weight + i]] - min - weights[i];
  }
}

/** H of a few neighbouring channels. */
function blockOf(H: Float64Array, K: number, from: number, length: number): Float64Array {
  const block = new Float64Array(length * length);
  for (let i = 0; i < length; i++) {
    block.set(H.subarray((from + i) * K + from, (from + i) * K + from + length), i * length);
  }
  return block;
}
