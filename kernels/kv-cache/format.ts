// Turns a grid format of whole numbers into a technique: attention whose keys and values are kept in it.
import { attention } from '../../bench/contract/operations/attention.ts';
import type { AttentionProblem } from '../../bench/contract/problem.ts';
import { type Axes, defineTechnique, type Params, type Technique } from '../../bench/contract/technique.ts';
import { presentActivations } from '../grid/activations.ts';
import type { Grid } from '../grid/grid.ts';
import { hadamardBlock } from '../transforms/hadamard.ts';
import { BLOCK, keyValuesOf, type PackedKeyValues, packKeyValues, unpackKeyValues } from './cache.ts';
import type { KvCacheContext } from './context.ts';
import { gpuKvCache } from './gpu.ts';
import { tsKvCache } from './ts.ts';
import { PART_KEYS, QUERY_BYTES, wasmKvCache } from './wasm.ts';
import { wgslKvCache } from './wgsl.ts';

export interface KvCacheFormat {
  readonly summary: string;
  readonly source: string;
  /** Of whole numbers, in groups of BLOCK with an f16 scale each. */
  readonly grid: Grid;
  readonly minSqnrDb: number;
}

export function defineKvCache({ summary, source, grid, minSqnrDb }: KvCacheFormat): Technique {
  const { layout } = grid;
  const hadamardOf = (params: Params, { headDim }: AttentionProblem) =>
    params.transform === 'hadamard' ? hadamardBlock(headDim) : undefined;
  const withKernel =
    <Runtime, Prepared>(prepare: (context: KvCacheContext<Runtime>) => Prepared) =>
    (given: { packed: PackedKeyValues; problem: AttentionProblem; params: Params; runtime: Runtime }) => {
      const { packed, problem, params, runtime } = given;
      return prepare({
        packed: keyValuesOf(packed),
        layout,
        problem,
        hadamard: hadamardOf(params, problem),
        runtime,
      });
    };
  return defineTechnique<'attention', Axes, PackedKeyValues>({
    op: 'attention',
    wasmModule: 'kv-cache',
    family: 'attention',
    summary,
    source,
    axes: {},
    choices: { transform: ['none', 'hadamard'] },
    skip: (problem, params) =>
      params.transform === 'hadamard' && hadamardOf(params, problem) === undefined
        ? `headDim: must be a multiple of 32 for hadamard, got ${problem.headDim}`
        : undefined,
    pack: (weights, problem, params) => packKeyValues(weights, problem, grid, hadamardOf(params, problem)),
    unpack: (packed, problem) => unpackKeyValues(packed, problem, layout),
    quantizeActivations({ Q }, problem, params) {
      const hadamard = hadamardOf(params, problem);
      const presented = presentActivations(Q, problem.headDim, { channels: undefined, hadamard, rounding: 'f32' });
      return presented && { activations: { Q: presented.activations.X }, slack: { Q: presented.slack.X } };
    },
    bytes: ({ keyCodes, keyScales, valueCodes, valueScales }) => ({
      values: keyCodes.byteLength + valueCodes.byteLength,
      indices: 0,
      scales: keyScales.byteLength + valueScales.byteLength,
    }),
    flops: (_, problem) => attention.denseFlops(problem),
    minSqnrDb: () => minSqnrDb,
    columns: () => ({ bits: layout.bits, group_size: BLOCK }),
    kernels: {
      ts: withKernel(tsKvCache),
      wasm: withKernel(wasmKvCache),
      gpujs: withKernel(gpuKvCache),
      wgsl: withKernel(wgslKvCache),
    },
    borders: {
      ts: WHOLE_BLOCKS,
      wasm: [
        ...WHOLE_BLOCKS,
        // More queries than share a pass over the keys, and more keys than two parts have.
        { shape: { M: Math.ceil(QUERY_BYTES / 512) + 1, heads: 1, seqLen: 50, headDim: 64 } },
        { shape: { M: 1, seqLen: 2 * PART_KEYS + 1 } },
      ],
      gpujs: WHOLE_BLOCKS,
      wgsl: WHOLE_BLOCKS,
    },
  });
}

/** Hadamard's matrix takes whole blocks, of which the shapes that all kernels are tried with have none. */
const WHOLE_BLOCKS = [
  { shape: { M: 1, seqLen: 101, headDim: 64, causal: true } },
  { shape: { M: 9, seqLen: 56, headDim: 32, causal: true } },
  // Transformed in runs of 32, of which a row has three; and a last block of four.
  { shape: { M: 1, seqLen: 6, headDim: 96 } },
  { shape: { M: 2, seqLen: 6, headDim: 36 } },
];
