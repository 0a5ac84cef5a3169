// Keys and values as they lie in a quantised cache: a row for each key, blocks of 32 along headDim, the last one shorter.
import type { AttentionProblem, AttentionWeights } from '../../bench/contract/problem.ts';
import { type Grid, roundToNearest } from '../grid/grid.ts';
import { decodeChoice, type GridLayout, type MatmulShape, readChoice, storeChoice } from '../grid/layout.ts';
import { hadamardRows } from '../transforms/hadamard.ts';

/** Values of a row that share a scale. */
export const BLOCK = 32;

/** Whole numbers of 8 or 4 bits with an f16 scale for each block; codes as grid formats have them, row by row. */
export interface QuantizedKeyValues {
  readonly K: QuantizedRows;
  readonly V: QuantizedRows;
}

export interface QuantizedRows {
  /** [heads·seqLen, bytes of headDim codes] */
  readonly codes: Uint8Array;
  /** [heads·seqLen, blocks] */
  readonly scales: Float16Array;
}

/** The same in one object, as a technique's packed form must be. */
export interface PackedKeyValues {
  readonly keyCodes: Uint8Array;
  readonly keyScales: Float16Array;
  readonly valueCodes: Uint8Array;
  readonly valueScales: Float16Array;
}

/** Blocks of a row. */
export function blocksOf({ headDim }: Pick<AttentionProblem, 'headDim'>): number {
  return Math.ceil(headDim / BLOCK);
}

/** Keys are transformed first where `hadamard` says how many values are taken together. */
export function packKeyValues(
  { K, V }: AttentionWeights,
  problem: AttentionProblem,
  grid: Grid,
  hadamard: number | undefined,
): PackedKeyValues {
  const turned = hadamard === undefined ? K : K.slice();
  if (hadamard !== undefined) hadamardRows(turned, problem.headDim, hadamard);
  const keys = packRows(turned, problem, grid);
  const values = packRows(V, problem, grid);
  return {
    keyCodes: keys.codes,
    keyScales: keys.scales,
    valueCodes: values.codes,
    valueScales: values.scales,
  };
}

function packRows(rows: Float32Array, problem: AttentionProblem, grid: Grid): QuantizedRows {
  const shape = matrixOf(problem);
  const block = Math.min(grid.block, shape.K);
  const { codes, scales } = storeChoice(roundToNearest({ ...grid, block }, rows, shape), grid.layout, shape);
  if (!(scales instanceof Float16Array)) throw new Error('cache: must have f16 scales, got others');
  return { codes, scales };
}

/** K as it was transformed, and V. */
export function unpackKeyValues(
  packed: PackedKeyValues,
  problem: AttentionProblem,
  layout: GridLayout,
): AttentionWeights {
  const { K, V } = keyValuesOf(packed);
  return { K: unpackRows(K, problem, layout), V: unpackRows(V, problem, layout) };
}

function unpackRows(rows: QuantizedRows, problem: AttentionProblem, layout: GridLayout): Float32Array {
  return decodeChoice(readChoice(rows, layout, matrixOf(problem)), layout, matrixOf(problem));
}

export function keyValuesOf({ keyCodes, keyScales, valueCodes, valueScales }: PackedKeyValues): QuantizedKeyValues {
  return { K: { codes: keyCodes, scales: keyScales }, V: { codes: valueCodes, scales: valueScales } };
}

/** Of all arrays. */
export function storedBytesOf({ K, V }: QuantizedKeyValues): number {
  return K.codes.byteLength + K.scales.byteLength + V.codes.byteLength + V.scales.byteLength;
}

/** The rows of all heads as one matrix. */
export function matrixOf({ heads, seqLen, headDim }: AttentionProblem): MatmulShape {
  return { N: heads * seqLen, K: headDim };
}
