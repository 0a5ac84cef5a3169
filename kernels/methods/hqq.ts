// HQQ: errors of few weights are let stand so that those of the many become smaller, with no data but the weights.
import { roundToNearest } from '../grid/grid.ts';
import type { GridLayout } from '../grid/layout.ts';
import type { GridMethod } from './method.ts';
import { asStored, eachScaleRun, whyNotPlain } from './scale-runs.ts';

/** Of the norm whose power is minimised: Σ|w − ŵ|ᵖ. */
export const HQQ_P = 0.7;
const BETA = 10;
const KAPPA = 1.01;
const ITERATIONS = 20;

/**
 * Half-quadratic splitting as in hqq/core/optimize.py: e = shrink(w − ŵ), then the zero point that is best for w − e in the
 * least squares, codes anew, with the scale as fitted. Ours, not the article's: each group goes on by itself, until what is
 * stored stays as it is, and keeps the best it saw, the start included, where the reference stops at the first step that is no
 * better on average over all; and where a format has no zero point, the same steps solve for the scale.
 */
export const hqq: GridMethod = {
  summary: 'zero points, or scales where there are none, by half-quadratic splitting of Σ|w − ŵ|^0.7',
  source:
    'Badri and Shaji, Half-Quadratic Quantization of Large Machine Learning Models, 2023; mobiusml/hqq, optimize.py',
  needsCalibration: false,
  skip: ({ layout }) => whyNotPlain(layout),
  choose(W, shape, grid) {
    const { layout, encode } = grid;
    const choice = roundToNearest(grid, W, shape);
    const { codes, scales, mins } = choice;
    eachScaleRun(layout, shape, ({ index, from, to }) => {
      const weights = W.subarray(from, to);
      const solved = solve(weights, codes.subarray(from, to), layout, encode, scales![index], mins?.[index]);
      if (solved === undefined) return;
      scales![index] = solved.scale;
      if (mins !== undefined) mins[index] = solved.min;
      for (let i = from; i < to; i++) codes[i] = encode(W[i], solved.scale, solved.min);
    });
    return { choice };
  },
};

/** A better scale and min than those given; undefined where none was found. */
function solve(
  weights: Float32Array,
  given: Uint8Array | Uint16Array,
  { values, scale: scaleLayout, min: minLayout }: GridLayout,
  encode: (weight: number, scale: number, min: number) => number,
  givenScale: number,
  givenMin: number | undefined,
): { scale: number; min: number } | undefined {
  const codes = given.slice();
  let scale = givenScale;
  let min = givenMin ?? 0;
  let beta = BETA;
  let least = errorOf(weights, codes, values, scale, min);
  let best: { scale: number; min: number } | undefined;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const before = { scale, min };
    if (minLayout === undefined)
      scale = asStored(bestScale(weights, codes, values, scale, beta), scaleLayout!.shared!.type);
    else min = asStored(bestMin(weights, codes, values, scale, min, beta), minLayout.shared!.type);
    if (scale === before.scale && min === before.min) break;
    for (let i = 0; i < weights.length; i++) codes[i] = encode(weights[i], scale, min);
    const error = errorOf(weights, codes, values, scale, min);
    beta *= KAPPA;
    if (!(error < least)) continue;
    least = error;
    best = { scale, min };
  }
  return best;
}

/** The mean of scale·value − (w − e). */
function bestMin(
  weights: Float32Array,
  codes: Uint8Array | Uint16Array,
  values: Float32Array,
  scale: number,
  min: number,
  beta: number,
): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const scaled = scale * values[codes[i]];
    sum += scaled - weights[i] + shrink(weights[i] - (scaled - min), beta);
  }
  return sum / weights.length;
}

/** Least squares of scale·value against w − e. */
function bestScale(
  weights: Float32Array,
  codes: Uint8Array | Uint16Array,
  values: Float32Array,
  scale: number,
  beta: number,
): number {
  let products = 0;
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    const value = values[codes[i]];
    products += value * (weights[i] - shrink(weights[i] - scale * value, beta));
    squares += value * value;
  }
  return squares === 0 ? scale : products / squares;
}

/** Proximal operator of |x|ᵖ as the reference has it. */
function shrink(x: number, beta: number): number {
  const magnitude = Math.abs(x);
  return Math.sign(x) * Math.max(0, magnitude - magnitude ** (HQQ_P - 1) / beta);
}

function errorOf(
  weights: Float32Array,
  codes: Uint8Array | Uint16Array,
  values: Float32Array,
  scale: number,
  min: number,
): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += Math.abs(weights[i] - (scale * values[codes[i]] - min)) ** HQQ_P;
  return sum;
}
