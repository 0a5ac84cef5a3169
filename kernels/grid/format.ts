// Turns a grid format into a technique: what the format says of its codes and scales, joined with the methods that choose them,
// what is done to weights and activations before, and the kernels that all such formats share.
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { KernelKind, Runtimes } from '../../bench/contract/runtimes/runtimes.ts';
import {
  type Axes,
  type Border,
  defineTechnique,
  type Params,
  type ParamsOf,
  type PreparedKernel,
  type Technique,
} from '../../bench/contract/technique.ts';
import { UnsupportedError } from '../../bench/contract/unsupported-error.ts';
import { productOf } from '../corrections/low-rank.ts';
import { hadamardBlock, hadamardRows } from '../transforms/hadamard.ts';
import { presentActivations } from './activations.ts';
import {
  type CompressedGrid,
  choicesOf,
  choicesSkip,
  compress,
  type GridChoices,
  ggufSkip,
  gridChoices,
  needsCalibration,
} from './choices.ts';
import type { GridContext, PrepareGrid } from './context.ts';
import { type GgufGrid, toGgufTensor } from './gguf-blocks.ts';
import { gpuGrid } from './gpu.ts';
import type { Grid } from './grid.ts';
import { decodeChoice, type MatmulShape, readChoice } from './layout.ts';
import { whatScalesLost } from './scale-losses.ts';
import { tsGrid } from './ts.ts';
import { wasmGrid } from './wasm.ts';
import { readingOf } from './wasm-reading.ts';
import { wgslGrid } from './wgsl.ts';

export interface GridFormat<A extends Axes> {
  readonly summary: string;
  /** The paper or format specification it follows. */
  readonly source: string;
  readonly axes: A;
  /** Axes of its own whose first value is neutral and left out of parameters. */
  readonly choices?: Axes;
  /** Why the format can't hold such a matrix, if so. */
  skip?(shape: MatmulShape, params: ParamsOf<A>): string | undefined;
  grid(params: ParamsOf<A>, shape: MatmulShape): Grid;
  /** The least SQNR of the suites' inputs under round to nearest with f32 activations, in dB. */
  minSqnrDb(params: ParamsOf<A>): number;
  /** As what GGUF files hold it. */
  readonly gguf?: GgufGrid;
  /** Kernels of its own for where nothing is chosen beside the format: those of other runtimes, and any that beat the shared ones. */
  readonly plainKernels?: { readonly [Kind in KernelKind]?: PrepareGrid<Runtimes[Kind]> };
  readonly borders?: {
    readonly [Kind in KernelKind]?: readonly Border<'matmul', ParamsOf<A> & Partial<GridChoices>>[];
  };
}

export function defineGrid<const A extends Axes>(format: GridFormat<A>): Technique {
  const { plainKernels, gguf } = format;
  const own = (params: unknown) => params as ParamsOf<A>;
  const gridOf = (params: unknown, shape: MatmulShape) => format.grid(own(params), shape);
  const hadamardOf = (params: Params, K: number) =>
    choicesOf(params).transform === 'hadamard' ? hadamardBlock(K) : undefined;
  const withKernel = async <Runtime>(
    prepare: PrepareGrid<Runtime>,
    plain: PrepareGrid<Runtime> | undefined,
    given: { packed: CompressedGrid; problem: MatmulProblem; params: Params; runtime: Runtime },
  ) => {
    const { packed, problem, params, runtime } = given;
    const { down, up, folded, ...weights } = packed;
    const context: GridContext<Runtime> = {
      packed: weights,
      grid: gridOf(params, problem),
      problem,
      activations: choicesOf(params).activations,
      hadamard: hadamardOf(params, problem.K),
      correction: down && up && { down, up },
      runtime,
    };
    const kernel = await (plain !== undefined && isPlain(context) ? plain : prepare)(context);
    return folded === undefined ? kernel : afterFoldedLayer(kernel, folded.channels);
  };
  return defineTechnique<'matmul', Axes, CompressedGrid>({
    op: 'matmul',
    family: 'quantized',
    summary: format.summary,
    source: format.source,
    axes: format.axes,
    choices: { ...format.choices, ...gridChoices },
    skip: (problem, params) =>
      format.skip?.(problem, own(params)) ?? choicesSkip(params, () => gridOf(params, problem), problem),
    wasmModule: 'grid',
    unstored: ['activations'],
    needsCalibration,
    pack: (weights, problem, params, calibration) =>
      compress(weights, problem, gridOf(params, problem), params, calibration),
    unpack: (packed, problem, params) => ({ W: decompress(packed, gridOf(params, problem), problem) }),
    restore(packed, problem, params) {
      const { K } = problem;
      const W = decompress(packed, gridOf(params, problem), problem);
      const hadamard = hadamardOf(params, K);
      // Divided by channels, X is transformed; so what the transform undoes is then divided.
      if (hadamard !== undefined) hadamardRows(W, K, hadamard);
      const channels = packed.folded?.channels;
      return { W: channels === undefined ? W : W.map((w, i) => w / channels[i % K]) };
    },
    quantizeActivations: ({ X }, { K }, params, { folded }) =>
      presentActivations(X, K, {
        channels: folded?.channels,
        hadamard: hadamardOf(params, K),
        rounding: choicesOf(params).activations,
      }),
    caveat: ({ W }, packed, problem, params) => {
      const { layout } = gridOf(params, problem);
      return whatScalesLost(W, readChoice(packed, layout, problem), layout, problem);
    },
    bytes: ({ codes, scales, scaleCodes, scaleOffset, mins, minCodes, down, up }) => ({
      values: codes.byteLength,
      indices: 0,
      scales: bytesOf(scales, scaleCodes, scaleOffset, mins, minCodes),
      corrections: bytesOf(down, up),
    }),
    flops: ({ down, up }, { M, N, K }) => 2 * M * (N * K + (down?.length ?? 0) + (up?.length ?? 0)),
    arithmetic: (params, problem) => arithmeticOf(params, gridOf(params, problem)),
    minSqnrDb(params) {
      const budget = format.minSqnrDb(own(params)) - allowance(params);
      return choicesOf(params).activations === 'f32' ? budget : Math.min(budget, ROUNDED_ACTIVATIONS_DB);
    },
    columns: (params) => {
      const { bits, group } = gridOf(params, ANY_SHAPE).layout;
      return { bits, group_size: group < ANY_SHAPE.K ? group : undefined };
    },
    gguf: gguf && {
      type: gguf,
      skip: ggufSkip,
      encode: (packed, problem, params) =>
        toGgufTensor(gguf, readChoice(packed, gridOf(params, problem).layout, problem), problem),
    },
    folded: ({ folded }) => folded && 'channels divided by the layer before',
    kernels: {
      ort: plainKernels?.ort && ((given) => withKernel(nothingChosen, plainKernels?.ort, given)),
      ts: (given) => withKernel(tsGrid, plainKernels?.ts, given),
      wasm: (given) => withKernel(wasmGrid, plainKernels?.wasm, given),
      gpujs: (given) => withKernel(gpuGrid, plainKernels?.gpujs, given),
      wgsl: (given) => withKernel(wgslGrid, plainKernels?.wgsl, given),
    },
    borders: format.borders as Technique['borders'],
  });
}

/** Other runtimes have a format's own operator and nothing beside it. */
function nothingChosen(): never {
  throw new UnsupportedError('runtime: has the format alone, got choices beside it');
}

/** Rounded activations are multiplied as whole numbers where codes are whole numbers too. */
function arithmeticOf(params: Params, { layout }: Grid): 'f32' | 'int8' {
  const isWhole = choicesOf(params).activations !== 'f32' && readingOf(layout).variant.arithmetic !== 'floats';
  return isWhole ? 'int8' : 'f32';
}

function isPlain({ grid, activations, hadamard, correction }: GridContext<unknown>): boolean {
  return grid.layout.min === undefined && activations === 'f32' && hadamard === undefined && correction === undefined;
}

/** What rounding activations to int8 may cost on top of the format, and any other choice, in dB. */
const ALLOWANCE_DB = { activations: 4, other: 2 };

/** What int8 activations keep on inputs with outlier channels, some 29 dB, with room: however exact the weights are. */
const ROUNDED_ACTIVATIONS_DB = 25;

function allowance(params: Params): number {
  const chosen = Object.keys(gridChoices).filter((choice) => params[choice] !== undefined);
  return chosen.reduce(
    (sum, choice) => sum + (choice === 'activations' ? ALLOWANCE_DB.activations : ALLOWANCE_DB.other),
    0,
  );
}

/** Large enough that no group is cut short: for what a layout says whatever the shape. */
const ANY_SHAPE = { N: 1024, K: 2 ** 20 };

function decompress({ down, up, ...weights }: CompressedGrid, { layout }: Grid, shape: MatmulShape): Float32Array {
  const W = decodeChoice(readChoice(weights, layout, shape), layout, shape);
  if (down === undefined || up === undefined) return W;
  const product = productOf({ down, up }, shape);
  return W.map((w, i) => w + product[i]);
}

/** The layer before gives its outputs divided by [K]. */
function afterFoldedLayer(kernel: PreparedKernel<'matmul'>, channels: Float32Array): PreparedKernel<'matmul'> {
  const K = channels.length;
  const places = kernel.places && { ...kernel.places, divisors: channels };
  return { ...kernel, places, upload: ({ X }) => kernel.upload({ X: X.map((x, i) => x / channels[i % K]) }) };
}

function bytesOf(...arrays: readonly (ArrayBufferView | undefined)[]): number {
  return arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
}
