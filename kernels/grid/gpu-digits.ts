// Codes as digits of larger numbers, which is how gpu.js can hold several in one value.
import type { Resident } from '../../bench/contract/runtimes/gpujs.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { type GridLayout, type GridWeights, groupsOf, type MatmulShape, readChoice } from './layout.ts';

/**
 * A number holds `count` digits of `base`, the first the lowest. Where numbers are read four at a time, each digit of the four
 * is a code of four successive weights. Each group begins with a number of its own.
 */
export interface Digits {
  readonly base: number;
  /** 1 / base in f32; ⌊number · inverse⌋ is exact for every number below the limit. */
  readonly inverse: number;
  readonly count: number;
  /** Numbers in a group, or fours of them. */
  readonly numbers: number;
  readonly groups: number;
  /** Weights in a group; all of a row where it has but one. */
  readonly group: number;
  /** X is read so far. */
  readonly paddedK: number;
}

/** Integers that f32 holds exactly lie below it; quotients by 3, rounded in f32, come out right below another. */
export const F32_LIMIT = { powersOfTwo: 2 ** 24, powersOfThree: 3 ** 14 } as const;
export const BYTE_LIMIT = { powersOfTwo: 2 ** 8, powersOfThree: 3 ** 5 } as const;

export function digitsOf(
  layout: GridLayout,
  K: number,
  limit: { readonly powersOfTwo: number; readonly powersOfThree: number },
  atATime: 1 | 4,
): Digits {
  const base = layout.bits === 1.6 ? 3 : 2 ** layout.bits;
  const groups = groupsOf(layout, K);
  const group = groups === 1 ? K : layout.group;
  let most = 1;
  while (base ** (most + 1) <= (base === 3 ? limit.powersOfThree : limit.powersOfTwo)) most++;
  // Digits past the end of a group meet activations of the next one, so they must stand for zero or not be there.
  const isFilled = groups === 1 || layout.values.includes(0);
  while (!isFilled && group % (most * atATime) > 0) most--;
  const numbers = Math.ceil(group / (most * atATime));
  const count = Math.ceil(group / (numbers * atATime));
  const paddedK = (groups - 1) * group + numbers * count * atATime;
  return { base, inverse: Math.fround(1 / base), count, numbers, groups, group, paddedK };
}

/** Codes as numbers [paddedN, groups·numbers·atATime]. */
export function numbersOf<Numbers extends Float32Array | Uint8Array>(
  codes: Uint8Array | Uint16Array,
  { values }: GridLayout,
  { N, K }: MatmulShape,
  { base, count, numbers, groups, group }: Digits,
  atATime: 1 | 4,
  into: new (length: number) => Numbers,
): Numbers {
  const filler = Math.max(0, values.indexOf(0));
  const row = groups * numbers * atATime;
  const packed = new into(roundUp(N, 4) * row);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < row; i++) {
      const g = Math.floor(i / (numbers * atATime));
      const end = Math.min(K, (g + 1) * group);
      const first = g * group + (Math.floor(i / atATime) % numbers) * count * atATime + (i % atATime);
      let number = 0;
      for (let digit = count - 1; digit >= 0; digit--) {
        const k = first + digit * atATime;
        number = number * base + (k < end ? codes[n * K + k] : filler);
      }
      packed[n * row + i] = number;
    }
  }
  return packed;
}

/** The lowest value where values are successive integers, so that a code is one by subtraction. */
export function firstInteger({ values }: Pick<GridLayout, 'values'>): number | undefined {
  const isInteger = Number.isInteger(values[0]) && values.every((value, code) => value === values[0] + code);
  return isInteger ? values[0] : undefined;
}

/** What kernels are told of the grid beside codes. */
export interface GridConstants {
  /** Whether values are looked up; else `zero` is taken off the code. */
  readonly hasTable: number;
  readonly zero: number;
  readonly table: Resident;
  readonly scales: Resident;
  readonly hasMins: number;
  readonly mins: Resident;
}

/** Scales and mins are f32, as gpu.js knows nothing else: [paddedN, groups]. */
export function gridConstants(
  layout: GridLayout,
  { N, K }: MatmulShape,
  scales: Float32Array,
  mins: Float32Array | undefined,
): GridConstants {
  const first = firstInteger(layout);
  const groups = groupsOf(layout, K);
  return {
    hasTable: first === undefined ? 1 : 0,
    zero: first === undefined ? 0 : -first,
    table: first === undefined ? { size: [layout.values.length], values: layout.values } : NONE,
    scales: padded(scales, N, groups),
    hasMins: mins === undefined ? 0 : 1,
    mins: mins === undefined ? NONE : padded(mins, N, groups),
  };
}

/** gpu.js has no empty arrays. */
const NONE: Resident = { size: [1], values: new Float32Array(1) };

function padded(factors: Float32Array, N: number, groups: number): Resident {
  const values = new Float32Array(roundUp(N, 4) * groups);
  values.set(factors);
  return { size: [groups, roundUp(N, 4)], values };
}

/** Bytes of all arrays. */
export function storedBytesOf(packed: GridWeights): number {
  return Object.values(packed).reduce<number>(
    (sum, array: ArrayBufferView | undefined) => sum + (array?.byteLength ?? 0),
    0,
  );
}

/** Scale codes and the like, but not the codes of weights. */
export function readScales(packed: GridWeights, layout: GridLayout, shape: MatmulShape) {
  return readChoice({ ...packed, codes: new Uint8Array() }, { ...layout, bits: 8 }, shape);
}
