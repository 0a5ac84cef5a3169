// ggml's Q6_K: 256 weights as sixteen groups of 16, scales of eight signed bits and an f16 for all of them.
// Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q6_K_ref and quantize_row_q6_K_impl.
import type { Grid } from './grid.ts';
import { integers, toF16 } from './integers.ts';
import { SUPER_BLOCK } from './k-quants.ts';
import type { GridChoice } from './layout.ts';
import { nearestInt, nearestWithin } from './nearest-int.ts';
import { extremeOf, LEAST_WEIGHT, searchScale } from './scale-search.ts';

const f32 = Math.fround;

const GROUP = 16;
const GROUPS = SUPER_BLOCK / GROUP;
const ZERO = 32;

const encode: Grid['encode'] = (weight, scale) =>
  scale === 0 ? ZERO : nearestWithin(f32(weight / scale), -ZERO, ZERO - 1) + ZERO;

export const q6K: Grid = {
  layout: {
    bits: 6,
    values: integers(6, ZERO),
    group: GROUP,
    scale: {
      shared: { type: 'f16', every: GROUPS },
      coded: { bits: 8, values: Float32Array.from(Int8Array.from({ length: 256 }, (_, code) => code)) },
    },
  },
  block: SUPER_BLOCK,
  encode,
  fit: (weights, { group }, into, importance) => void storeScales(weights, group, into, importance),
  round(weights, { group, weight: first }, into, importance) {
    const found = storeScales(weights, group, into, importance);
    for (let i = 0; i < SUPER_BLOCK; i++) {
      const code = (into.scaleCodes![group + Math.floor(i / GROUP)] << 24) >> 24;
      const scale = f32(into.scales![group / GROUPS] * code);
      into.codes[first + i] = scale === 0 ? found[i] : encode(weights[i], scale, 0);
    }
  },
};

/** Gives codes under the scales as they were before they were coded. */
function storeScales(weights: Float32Array, group: number, into: GridChoice, importance?: Float32Array): Uint8Array {
  const codes = new Uint8Array(SUPER_BLOCK);
  const scales = new Float32Array(GROUPS);
  for (let j = 0; j < GROUPS; j++) {
    const own = [j * GROUP, (j + 1) * GROUP] as const;
    scales[j] = searchScale(weights.subarray(...own), importance?.subarray(...own), ZERO, codes.subarray(...own));
  }
  const extreme = extremeOf(scales);
  if (Math.abs(extreme) < LEAST_WEIGHT) {
    into.scales![group / GROUPS] = 0;
    into.scaleCodes!.fill(0, group, group + GROUPS);
    return codes.fill(0);
  }
  const perUnit = f32(-128 / extreme);
  into.scales![group / GROUPS] = toF16(f32(1 / perUnit));
  // A negative code wraps round to its eight bits.
  for (let j = 0; j < GROUPS; j++) into.scaleCodes![group + j] = Math.min(127, nearestInt(f32(perUnit * scales[j])));
  return codes;
}
