// ggml's IQ4_NL: groups of 32, sixteen levels that lie denser about zero, an f16 scale.
// Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_iq4_nl_impl; the levels from ggml-common.h, kvalues_iq4nl.
import type { Grid } from './grid.ts';
import { toF16 } from './integers.ts';
import { extremeOf, ggmlImportance, LEAST_WEIGHT, sumOfSquares } from './scale-search.ts';

const f32 = Math.fround;

const GROUP = 32;
const LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** From here on a level is nearer than the one before. */
const FROM = LEVELS.map((level, code) => (level + (LEVELS[code - 1] ?? Number.NEGATIVE_INFINITY)) / 2);

export const iq4Nl: Grid = {
  layout: { bits: 4, values: Float32Array.from(LEVELS), group: GROUP, scale: { shared: { type: 'f16', every: 1 } } },
  block: GROUP,
  encode: (weight, scale) => nearestLevel(scale === 0 ? 0 : weight / scale),
  fit(weights, { group }, into, importance) {
    into.scales![group] = toF16(search(weights, importance));
  },
  round(weights, { group, weight: first }, into, importance) {
    const scale = search(weights, importance);
    into.scales![group] = toF16(scale);
    const perUnit = scale === 0 ? 0 : f32(1 / scale);
    for (let i = 0; i < weights.length; i++) into.codes[first + i] = nearestLevel(f32(perUnit * weights[i]));
  },
};

function nearestLevel(value: number): number {
  let code = 0;
  for (let step = LEVELS.length / 2; step >= 1; step /= 2) if (value >= FROM[code + step]) code += step;
  return code;
}

/** The best of fifteen scales about that which gives the largest weight the level of largest magnitude, and its opposite. */
function search(x: Float32Array, importance: Float32Array | undefined): number {
  const extreme = extremeOf(x);
  if (Math.abs(extreme) < LEAST_WEIGHT) return 0;
  const mean = f32(sumOfSquares(x) * (2 / GROUP));
  const matters = importance === undefined ? x.map((weight) => weight * weight) : ggmlImportance(x, importance, mean);
  const opposite = f32(1 / f32(-extreme / LEVELS[0]));
  let [sumXL, sumLL] = sums(x, matters, opposite);
  let scale = sumLL > 0 ? f32(sumXL / sumLL) : 0;
  let best = f32(scale * sumXL);
  for (let s = -7; s <= 7; s++) {
    [sumXL, sumLL] = sums(x, matters, f32((s + LEVELS[0]) / extreme));
    if (!(sumLL > 0 && f32(sumXL * sumXL) > f32(best * sumLL))) continue;
    scale = f32(sumXL / sumLL);
    best = f32(scale * sumXL);
  }
  return scale;
}

/** Σ importance·x·level and Σ importance·level². */
function sums(x: Float32Array, importance: Float32Array, perUnit: number): [number, number] {
  let sumXL = 0;
  let sumLL = 0;
  for (let i = 0; i < x.length; i++) {
    const level = LEVELS[nearestLevel(f32(perUnit * x[i]))];
    const weighted = f32(importance[i] * level);
    sumXL = f32(sumXL + f32(weighted * x[i]));
    sumLL = f32(sumLL + f32(weighted * level));
  }
  return [sumXL, sumLL];
}
