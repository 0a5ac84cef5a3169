// ggml's formats of whole numbers with one f16 scale: Q8_0, Q4_0, and TQ2_0 with its denser twin TQ1_0. Codes are chosen in f32
// under the scale as it was before it was rounded to f16.
// Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q8_0_ref, quantize_row_q4_0_impl, quantize_row_tq2_0_ref.
import type { Grid } from './grid.ts';
import { integers, toF16 } from './integers.ts';
import { SUPER_BLOCK } from './k-quants.ts';
import type { GridLayout } from './layout.ts';
import { extremeOf, ggmlImportance, searchScale, sumOfSquares } from './scale-search.ts';

const f32 = Math.fround;

const GROUP = 32;

/** Stores Q8_0's −128 … 127 as 0 … 255. */
export const q8Zero = wholeNumbers({
  bits: 8,
  zero: 128,
  group: GROUP,
  scaleOf: (weights) => f32(Math.abs(extremeOf(weights)) / 127),
  round: awayFromZero,
});

const Q4_0_ZERO = 8;

const q4ZeroByLargest = wholeNumbers({
  bits: 4,
  zero: Q4_0_ZERO,
  group: GROUP,
  scaleOf: (weights) => f32(extremeOf(weights) / -Q4_0_ZERO),
  round: (quotient) => Math.floor(f32(quotient + Q4_0_ZERO + 0.5)) - Q4_0_ZERO,
});

/**
 * With an importance the scale is searched for. To the importance of a weight ggml adds the mean square of its row, which is
 * that of its block here.
 */
export const q4Zero: Grid = {
  ...q4ZeroByLargest,
  fit(weights, at, into, importance) {
    if (importance === undefined) return q4ZeroByLargest.fit(weights, at, into);
    into.scales![at.group] = toF16(searchQ4Zero(weights, importance).scale);
  },
  round(weights, at, into, importance) {
    if (importance === undefined) return q4ZeroByLargest.round(weights, at, into);
    const { scale, codes } = searchQ4Zero(weights, importance);
    into.scales![at.group] = toF16(scale);
    into.codes.set(codes, at.weight);
  },
};

function searchQ4Zero(weights: Float32Array, importance: Float32Array): { scale: number; codes: Uint8Array } {
  const mean = f32(sumOfSquares(weights) / GROUP);
  const codes = new Uint8Array(weights.length);
  return { scale: searchScale(weights, ggmlImportance(weights, importance, mean), Q4_0_ZERO, codes), codes };
}

/** The largest magnitude is the scale, so that most of the weights become 0 unless they were trained ternary. */
export function ternary(bits: 2 | 1.6): Grid {
  return wholeNumbers({
    bits,
    zero: 1,
    most: 2,
    group: SUPER_BLOCK,
    scaleOf: (weights) => Math.abs(extremeOf(weights)),
    round: awayFromZero,
  });
}

interface WholeNumbers {
  readonly bits: number;
  /** The code of 0. */
  readonly zero: number;
  /** The largest code that is used, where not all are. */
  readonly most?: number;
  readonly group: number;
  scaleOf(weights: Float32Array): number;
  round(quotient: number): number;
}

function wholeNumbers({ bits, zero, most = 2 ** bits - 1, group, scaleOf, round }: WholeNumbers) {
  const layout: GridLayout = {
    bits,
    values: integers(bits, zero).slice(0, most + 1),
    group,
    scale: { shared: { type: 'f16', every: 1 } },
  };
  const codeOf = (quotient: number) => Math.max(0, Math.min(most, round(quotient) + zero));
  return {
    layout,
    block: group,
    encode: (weight, scale) => (scale === 0 ? zero : codeOf(f32(weight / scale))),
    fit(weights, at, into) {
      into.scales![at.group] = toF16(scaleOf(weights));
    },
    round(weights, at, into) {
      const scale = scaleOf(weights);
      into.scales![at.group] = toF16(scale);
      // Of subnormal weights it has no inverse, and ggml's code is anything; an f16 of 0 makes nothing of it.
      const perUnit = f32(1 / scale);
      for (let i = 0; i < weights.length; i++) {
        into.codes[at.weight + i] = Number.isFinite(perUnit) ? codeOf(f32(perUnit * weights[i])) : zero;
      }
    },
  } satisfies Grid;
}

function awayFromZero(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
