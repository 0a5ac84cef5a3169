// What can be chosen beside a format: how its stored values are chosen, what is done to weights and activations before, and what
// is added back. Each is neutral until it is named.
import type { Calibration } from '../../bench/contract/calibration.ts';
import type { MatmulWeights } from '../../bench/contract/problem.ts';
import type { Params } from '../../bench/contract/technique.ts';
import { UnsupportedError } from '../../bench/contract/unsupported-error.ts';
import { activationAware } from '../corrections/activation-aware.ts';
import { loftq } from '../corrections/loftq.ts';
import { difference, type LowRank, lowRank } from '../corrections/low-rank.ts';
import { gridMethods } from '../methods/grid-methods.ts';
import type { GridMethod } from '../methods/method.ts';
import { hadamardBlock, hadamardRows, hadamardSkip } from '../transforms/hadamard.ts';
import { smooth } from '../transforms/smooth.ts';
import { type Grid, roundToNearest } from './grid.ts';
import { decodeChoice, type GridWeights, type MatmulShape, storeChoice } from './layout.ts';

/** `int8`: a scale for each row of X; `int8-32`: one for every 32 values along K, as in llama.cpp's Q8_0. */
export const activationRoundings = ['f32', 'int8', 'int8-32'] as const;
export type ActivationRounding = (typeof activationRoundings)[number];

/** Axes that every grid format has; the first value of each changes nothing. */
export const gridChoices = {
  method: Object.keys(gridMethods) as (keyof typeof gridMethods)[],
  actOrder: ['no', 'yes'],
  transform: ['none', 'smooth', 'hadamard'],
  correction: ['none', 'svd', 'activation-aware', 'loftq', 'learned'],
  rank: [16, 8, 32, 64],
  activations: activationRoundings,
} as const;

/** The choices of some parameters, neutral ones filled in. */
export interface GridChoices {
  readonly method: keyof typeof gridMethods;
  readonly actOrder: 'no' | 'yes';
  readonly transform: 'none' | 'smooth' | 'hadamard';
  readonly correction: 'none' | 'svd' | 'activation-aware' | 'loftq' | 'learned';
  readonly rank: number;
  readonly activations: ActivationRounding;
}

export function choicesOf(params: Params): GridChoices {
  const { method, actOrder, transform, correction, rank, activations }: Partial<GridChoices> = params;
  return {
    method: method ?? 'rtn',
    actOrder: actOrder ?? 'no',
    transform: transform ?? 'none',
    correction: correction ?? 'none',
    rank: rank ?? gridChoices.rank[0],
    activations: activations ?? 'f32',
  };
}

/** Why such choices make no sense together or at such a shape, if so. */
export function choicesSkip(params: Params, grid: () => Grid, { K }: MatmulShape): string | undefined {
  const { method, actOrder, transform, correction } = choicesOf(params);
  if (actOrder === 'yes' && method !== 'gptq') return `actOrder: is a choice of method gptq, got ${method}`;
  if (params.rank !== undefined && correction === 'none') return 'rank: is of a correction, got none';
  if (correction === 'learned') {
    if (params.rank !== undefined) return `rank: is what was learned, got ${params.rank}`;
    if (transform !== 'none') return `correction: was learned beside weights that nothing transforms, got ${transform}`;
    if (method === 'awq') return 'correction: was learned beside weights that nothing divides, got awq';
  }
  if (transform === 'hadamard' && hadamardSkip(K) !== undefined) return hadamardSkip(K);
  const chosen: GridMethod = gridMethods[method];
  return chosen.skip?.(grid(), params);
}

/** Why a file that holds codes and scales alone can't say what these choices do, if so. */
export function ggufSkip(params: Params): string | undefined {
  const { method, transform, correction, activations } = choicesOf(params);
  if (method === 'awq') return 'method: must leave activations as they are in a GGUF file, got awq, which divides them';
  if (transform !== 'none') return `transform: has no place in a GGUF file, got ${transform}`;
  if (correction !== 'none') return `correction: has no place in a GGUF file, got ${correction}`;
  if (activations !== 'f32') return `activations: are what reads a GGUF file makes of them, got ${activations}`;
  return undefined;
}

export function needsCalibration(params: Params): boolean {
  const { method, transform, correction } = choicesOf(params);
  return gridMethods[method].needsCalibration || transform === 'smooth' || correction === 'activation-aware';
}

/** Weights as they lie in memory with all that was chosen. */
export interface CompressedGrid extends GridWeights, Partial<LowRank> {
  /** What the layer before divides its outputs by, so that it costs nothing here. */
  readonly folded?: {
    /** [K] */
    readonly channels: Float32Array;
  };
}

/**
 * W [N,K] compressed as `params` choose. Throws on NaN and infinities, which no format can hold, and UnsupportedError where factors
 * are to be added that were not learned.
 */
export function compress(
  { W, down, up }: MatmulWeights,
  shape: MatmulShape,
  grid: Grid,
  params: Params,
  calibration: Calibration | undefined,
): CompressedGrid {
  const { method, actOrder, transform, correction, rank } = choicesOf(params);
  assertFinite(W);
  const before = transformed(W, shape, transform, calibration);
  const context = { calibration: before.calibration, actOrder: actOrder === 'yes' };
  const choose = (weights: Float32Array) => gridMethods[method].choose(weights, shape, grid, context);
  const quantise = (weights: Float32Array) => decodeChoice(roundToNearest(grid, weights, shape), grid.layout, shape);
  const found = correction === 'loftq' ? loftq(before.W, shape, rank, quantise) : undefined;
  const { choice, channels } = choose(found?.target ?? before.W);
  const stored = storeChoice(choice, grid.layout, shape);
  const folded = foldedChannels(before.channels, channels);
  if (correction === 'none') return { ...stored, folded };
  if (correction === 'learned') {
    if (down === undefined || up === undefined)
      throw new UnsupportedError(
        "correction: must have been learned beside a model's weights; --adapters names a folder",
      );
    return { ...stored, down, up };
  }
  if (found !== undefined) return { ...stored, down: found.down, up: found.up, folded };
  const scaled = channels === undefined ? before.W : before.W.map((w, i) => w * channels[i % shape.K]);
  const residual = difference(scaled, decodeChoice(choice, grid.layout, shape));
  const seen = calibrationWith(before.calibration, channels, shape);
  const factors =
    correction === 'svd' || seen === undefined
      ? lowRank(residual, shape, rank)
      : activationAware(residual, shape, rank, seen);
  return { ...stored, ...factors, folded };
}

function assertFinite(W: Float32Array): void {
  for (let i = 0; i < W.length; i++) {
    if (!Number.isFinite(W[i])) throw new Error(`weights: must be finite, got ${W[i]} at W[${i}]`);
  }
}

interface Before {
  readonly W: Float32Array;
  readonly calibration: Calibration | undefined;
  readonly channels?: Float32Array;
}

function transformed(
  W: Float32Array,
  shape: MatmulShape,
  transform: GridChoices['transform'],
  calibration: Calibration | undefined,
): Before {
  const { K } = shape;
  if (transform === 'none') return { W, calibration };
  if (transform === 'smooth') {
    if (calibration === undefined) throw new Error('smooth: needs calibration activations, got none');
    const { W: smoothed, channels } = smooth(W, shape, calibration);
    return { W: smoothed, channels, calibration: calibrationWith(calibration, channels, shape) };
  }
  const block = hadamardBlock(K) ?? 1;
  const turned = W.slice();
  hadamardRows(turned, K, block);
  if (calibration === undefined) return { W: turned, calibration };
  const X = calibration.X.slice();
  hadamardRows(X, K, block);
  return { W: turned, calibration: { ...calibration, X } };
}

function calibrationWith(
  calibration: Calibration | undefined,
  channels: Float32Array | undefined,
  { K }: MatmulShape,
): Calibration | undefined {
  if (calibration === undefined || channels === undefined) return calibration;
  return { ...calibration, X: calibration.X.map((x, i) => x / channels[i % K]) };
}

function foldedChannels(a: Float32Array | undefined, b: Float32Array | undefined): CompressedGrid['folded'] {
  const channels = a !== undefined && b !== undefined ? a.map((factor, k) => factor * b[k]) : (a ?? b);
  return channels && { channels };
}
