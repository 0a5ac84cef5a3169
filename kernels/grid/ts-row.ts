// The product of one row of X with rows of grid weights: each group is summed on the bare codes, then scaled once.
import { planeStride } from './bits.ts';
import { type GridLayout, groupsOf } from './layout.ts';

export type Codes = Uint8Array | Uint16Array;

interface RowContext {
  /** [K] */
  readonly X: Float32Array;
  /** Of X over each group. */
  readonly sums: Float64Array;
  /** As the weights are packed. */
  readonly bytes: Uint8Array;
  /** Leaves the codes of a row in `codes` [K]. */
  readonly decode: (n: number) => void;
  readonly codes: Codes;
  readonly values: Float64Array;
  readonly scales: Float32Array;
  readonly mins: Float32Array | undefined;
  readonly layout: GridLayout;
  readonly K: number;
}

/** The code of 0 where codes count up, each one more than the one before; undefined where they don't. */
export function zeroOf(values: Float32Array | Float64Array): number | undefined {
  const zero = -values[0];
  return values.every((value, code) => value === code - zero) ? zero : undefined;
}

/** Σ X over each group. */
export function sumGroups(X: Float32Array, group: number, sums: Float64Array): void {
  for (let g = 0; g < sums.length; g++) {
    const end = Math.min(X.length, (g + 1) * group);
    let sum = 0;
    for (let k = g * group; k < end; k++) sum += X[k];
    sums[g] = sum;
  }
}

/** X · Wᵀ for one row of W at a time. Codes that count up are multiplied as they are, others are looked up. */
export function rowProduct(context: RowContext): (n: number) => number {
  const { X, sums, bytes, decode, codes, values, scales, mins, layout, K } = context;
  const { group, bits } = layout;
  const groups = groupsOf(layout, K);
  const zero = zeroOf(values);
  const isCounting = zero !== undefined;
  const stride = planeStride(K, 4);
  const sumOfGroup = (from: number, end: number, n: number) => {
    if (bits === 4) {
      return isCounting
        ? sumNibbles(X, bytes, n * stride, from, end)
        : sumPlaces(X, bytes, values, n * stride, from, end);
    }
    return isCounting ? sumCodes(X, codes, from, end) : sumValues(X, codes, values, from, end);
  };
  const offset = zero ?? 0;
  return (n) => {
    if (bits !== 4) decode(n);
    let total = 0;
    for (let g = 0; g < groups; g++) {
      const at = n * groups + g;
      const sum = sumOfGroup(g * group, Math.min(K, (g + 1) * group), n) - offset * sums[g];
      total += scales[at] * sum;
      if (mins !== undefined) total -= mins[at] * sums[g];
    }
    return total;
  };
}

/** Groups of four bits begin on whole bytes. */
function sumNibbles(X: Float32Array, bytes: Uint8Array, row: number, from: number, end: number): number {
  let even = 0;
  let odd = 0;
  let k = from;
  for (; k + 2 <= end; k += 2) {
    const byte = bytes[row + (k >> 1)];
    even += X[k] * (byte & 15);
    odd += X[k + 1] * (byte >> 4);
  }
  if (k < end) even += X[k] * (bytes[row + (k >> 1)] & 15);
  return even + odd;
}

function sumPlaces(
  X: Float32Array,
  bytes: Uint8Array,
  values: Float64Array,
  row: number,
  from: number,
  end: number,
): number {
  let even = 0;
  let odd = 0;
  let k = from;
  for (; k + 2 <= end; k += 2) {
    const byte = bytes[row + (k >> 1)];
    even += X[k] * values[byte & 15];
    odd += X[k + 1] * values[byte >> 4];
  }
  if (k < end) even += X[k] * values[bytes[row + (k >> 1)] & 15];
  return even + odd;
}

function sumCodes(X: Float32Array, codes: Codes, from: number, end: number): number {
  let even = 0;
  let odd = 0;
  let k = from;
  for (; k + 2 <= end; k += 2) {
    even += X[k] * codes[k];
    odd += X[k + 1] * codes[k + 1];
  }
  if (k < end) even += X[k] * codes[k];
  return even + odd;
}

function sumValues(X: Float32Array, codes: Codes, values: Float64Array, from: number, end: number): number {
  let even = 0;
  let odd = 0;
  let k = from;
  for (; k + 2 <= end; k += 2) {
    even += X[k] * values[codes[k]];
    odd += X[k + 1] * values[codes[k + 1]];
  }
  if (k < end) even += X[k] * values[codes[k]];
  return even + odd;
}
