// Turns a grid format into a technique: what the format says of its codes and scales, joined with the methods that choose them,
// what is done to weights and activations before, and the kernels that all such formats share.
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { KernelKind } from '../../bench/contract/runtimes/runtimes.ts';
import {
  type Axes,
  type Border,
  defineTechnique,
  type Params,
  type ParamsOf,
  type PreparedKernel,
  type Technique,
} from '../../bench/contract/technique.ts';
import { type LowRank, productOf } from '../corrections/low-rank.ts';
import { hadamardBlock } from '../transforms/hadamard.ts';
import { presentActivations } from './activations.ts';
import {
  type ActivationRounding,
  type CompressedGrid,
  choicesOf,
  choicesSkip,
  compress,
  gridChoices,
  needsCalibration,
} from './choices.ts';
import { gpuGrid } from './gpu.ts';
import type { Grid } from './grid.ts';
import { decodeChoice, type GridWeights, type MatmulShape, readChoice } from './layout.ts';
import { tsGrid } from './ts.ts';
import { wasmGrid } from './wasm.ts';
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
  readonly borders?: { readonly [Kind in KernelKind]?: readonly Border<'matmul', ParamsOf<A>>[] };
}

/** What a grid kernel is told beside the packed weights. */
export interface GridContext<Runtime> {
  readonly packed: GridWeights;
  readonly grid: Grid;
  readonly problem: MatmulProblem;
  readonly activations: ActivationRounding;
  /** Values along K that are transformed together before all else, by Hadamard's matrix; undefined where none are. */
  readonly hadamard: number | undefined;
  /** What is added to the product at last: (X·downᵀ)·upᵀ, of X as the weights meet it. */
  readonly correction: LowRank | undefined;
  readonly runtime: Runtime;
}

export function defineGrid<const A extends Axes>(format: GridFormat<A>): Technique {
  const own = (params: unknown) => params as ParamsOf<A>;
  const gridOf = (params: unknown, shape: MatmulShape) => format.grid(own(params), shape);
  const hadamardOf = (params: Params, K: number) =>
    choicesOf(params).transform === 'hadamard' ? hadamardBlock(K) : undefined;
  const withKernel = async <Runtime>(
    prepare: (context: GridContext<Runtime>) => PreparedKernel<'matmul'> | Promise<PreparedKernel<'matmul'>>,
    given: { packed: CompressedGrid; problem: MatmulProblem; params: Params; runtime: Runtime },
  ) => {
    const { packed, problem, params, runtime } = given;
    const { down, up, folded, ...weights } = packed;
    const kernel = await prepare({
      packed: weights,
      grid: gridOf(params, problem),
      problem,
      activations: choicesOf(params).activations,
      hadamard: hadamardOf(params, problem.K),
      correction: down && up && { down, up },
      runtime,
    });
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
      format.skip?.(problem, own(params)) ?? choicesSkip(params, gridOf(params, problem), problem),
    needsCalibration,
    pack: ({ W }, problem, params, calibration) => compress(W, problem, gridOf(params, problem), params, calibration),
    unpack: (packed, problem, params) => ({ W: decompress(packed, gridOf(params, problem), problem) }),
    quantizeActivations: ({ X }, { K }, params, { folded }) =>
      presentActivations(X, K, {
        channels: folded?.channels,
        hadamard: hadamardOf(params, K),
        rounding: choicesOf(params).activations,
      }),
    bytes: ({ codes, scales, scaleCodes, scaleOffset, mins, minCodes, down, up }) => ({
      values: codes.byteLength,
      indices: 0,
      scales: bytesOf(scales, scaleCodes, scaleOffset, mins, minCodes),
      corrections: bytesOf(down, up),
    }),
    flops: ({ down, up }, { M, N, K }) => 2 * M * (N * K + (down?.length ?? 0) + (up?.length ?? 0)),
    arithmetic: (params) => (choicesOf(params).activations === 'f32' ? 'f32' : 'int8'),
    minSqnrDb: (params) => format.minSqnrDb(own(params)) - allowance(params),
    columns: (params) => {
      const { bits, group } = gridOf(params, ANY_SHAPE).layout;
      return { bits, group_size: group < ANY_SHAPE.K ? group : undefined };
    },
    folded: ({ folded }) => folded && 'channels divided by the layer before',
    kernels: {
      ts: (given) => withKernel(tsGrid, given),
      wasm: (given) => withKernel(wasmGrid, given),
      gpujs: (given) => withKernel(gpuGrid, given),
      wgsl: (given) => withKernel(wgslGrid, given),
    },
    borders: format.borders as Technique['borders'],
  });
}

/** What rounding activations to int8 may cost on top of the format, and any other choice, in dB. */
const ALLOWANCE_DB = { activations: 4, other: 2 };

function allowance(params: Params): number {
  const chosen = Object.keys(gridChoices).filter((choice) => params[choice] !== undefined);
  return chosen.reduce((sum, choice) => sum + (choice === 'activations' ? ALLOWANCE_DB.activations : ALLOWANCE_DB.other), 0);
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
  return { ...kernel, upload: ({ X }) => kernel.upload({ X: X.map((x, i) => x / channels[i % K]) }) };
}

function bytesOf(...arrays: readonly (ArrayBufferView | undefined)[]): number {
  return arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
}
