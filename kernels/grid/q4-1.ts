// ggml's Q4_1: 32 weights from the least to the largest in sixteen steps. Codes are chosen in f32 under scale and minimum as they
// were before they were rounded to f16.
// Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q4_1_ref and quantize_row_q4_1_impl.
import type { Grid } from './grid.ts';
import { encodeInteger, integers, toF16 } from './integers.ts';
import { CANDIDATES_BY_IMPORTANCE } from './k-quants.ts';
import { ggmlImportance, searchScaleAndMin, sumOfSquares } from './scale-search.ts';

const f32 = Math.fround;

const GROUP = 32;
const MOST = 15;
const f16 = { shared: { type: 'f16', every: 1 } } as const;

export const q4One: Grid = {
  layout: { bits: 4, values: integers(4, 0), group: GROUP, scale: f16, min: f16 },
  block: GROUP,
  encode: encodeInteger(4, 0),
  fit(weights, { group }, into, importance) {
    const { scale, min } = importance === undefined ? byRange(weights) : byImportance(weights, importance);
    into.scales![group] = toF16(scale);
    into.mins![group] = toF16(min);
  },
  round(weights, { group, weight: first }, into, importance) {
    const { scale, min, codes } = importance === undefined ? byRange(weights) : byImportance(weights, importance);
    into.scales![group] = toF16(scale);
    into.mins![group] = toF16(min);
    into.codes.set(codes, first);
  },
};

function byRange(weights: Float32Array) {
  const least = weights.reduce((a, b) => Math.min(a, b));
  const scale = f32(f32(weights.reduce((a, b) => Math.max(a, b)) - least) / MOST);
  const perUnit = f32(1 / scale);
  const codeOf = (weight: number) => Math.min(MOST, Math.floor(f32(f32(f32(weight - least) * perUnit) + 0.5)));
  return { scale, min: -least, codes: Uint8Array.from(weights, Number.isFinite(perUnit) ? codeOf : () => 0) };
}

/** To the importance of a weight ggml adds the mean square of its row, which is that of its block here. */
function byImportance(weights: Float32Array, importance: Float32Array) {
  const codes = new Uint8Array(GROUP);
  const matters = ggmlImportance(weights, importance, f32(sumOfSquares(weights) / GROUP));
  return { ...searchScaleAndMin(weights, matters, MOST, CANDIDATES_BY_IMPORTANCE, codes), codes };
}
