// The searches by which ggml finds scales: integers for several scales near that of the largest weight, and by weighted least
// squares the scale for these integers. Every operation is rounded to f32 as there, so that ties fall to the same side.
// Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, make_qkx2_quants, make_qkx3_quants, make_qx_quants, make_qp_quants.
import { nearestInt, nearestWithin } from './nearest-int.ts';

const f32 = Math.fround;

/** Weights of no more than this are taken for zeros. */
export const LEAST_WEIGHT = f32(1e-15);

/** As many levels as the scale has at the largest weight, `first`, `first + step` … more or fewer of them. */
export interface Candidates {
  readonly first: number;
  readonly step: number;
  readonly steps: number;
}

/** scale and min with x ≈ scale·code − min, codes 0 … most; writes codes. */
export function searchScaleAndMin(
  x: Float32Array,
  importance: Float32Array,
  most: number,
  { first, step, steps }: Candidates,
  codes: Uint8Array,
): { scale: number; min: number } {
  const n = x.length;
  const tried = new Uint8Array(n);
  let least = x[0];
  let max = x[0];
  let sumW = 0;
  let sumX = 0;
  for (let i = 0; i < n; i++) {
    least = Math.min(least, x[i]);
    max = Math.max(max, x[i]);
    sumW = f32(sumW + importance[i]);
    sumX = f32(sumX + f32(importance[i] * x[i]));
  }
  least = Math.min(0, least);
  if (max === least) {
    codes.fill(0);
    return { scale: 0, min: -least };
  }
  const perUnit = f32(most / f32(max - least));
  let scale = f32(1 / perUnit);
  for (let i = 0; i < n; i++) codes[i] = nearestWithin(f32(perUnit * f32(x[i] - least)), 0, most);
  let bestError = weightedError(x, importance, codes, scale, least);
  for (let s = 0; s <= steps; s++) {
    // From the best range so far, not from the first one.
    const levels = f32(f32(f32(first) + f32(f32(step) * s)) + most);
    const triedPerUnit = f32(levels / f32(max - least));
    let sumL = 0;
    let sumLL = 0;
    let sumXL = 0;
    for (let i = 0; i < n; i++) {
      const code = nearestWithin(f32(triedPerUnit * f32(x[i] - least)), 0, most);
      tried[i] = code;
      const weighted = f32(importance[i] * code);
      sumL = f32(sumL + weighted);
      sumLL = f32(sumLL + f32(weighted * code));
      sumXL = f32(sumXL + f32(weighted * x[i]));
    }
    const determinant = f32(f32(sumW * sumLL) - f32(sumL * sumL));
    if (!(determinant > 0)) continue;
    let triedScale = f32(f32(f32(sumW * sumXL) - f32(sumX * sumL)) / determinant);
    let triedLeast = f32(f32(f32(sumLL * sumX) - f32(sumL * sumXL)) / determinant);
    if (triedLeast > 0) {
      triedLeast = 0;
      triedScale = f32(sumXL / sumLL);
    }
    const error = weightedError(x, importance, tried, triedScale, triedLeast);
    if (error >= bestError) continue;
    codes.set(tried);
    bestError = error;
    scale = triedScale;
    least = triedLeast;
  }
  return { scale, min: -least };
}

function weightedError(
  x: Float32Array,
  importance: Float32Array,
  codes: Uint8Array,
  scale: number,
  least: number,
): number {
  let error = 0;
  for (let i = 0; i < x.length; i++) {
    const difference = f32(f32(f32(scale * codes[i]) + least) - x[i]);
    error = f32(error + f32(importance[i] * f32(difference * difference)));
  }
  return error;
}

/** scale with x ≈ scale·(code − zero), codes 0 … 2·zero − 1; writes codes. What matters without importance is x². */
export function searchScale(
  x: Float32Array,
  importance: Float32Array | undefined,
  zero: number,
  codes: Uint8Array,
): number {
  const n = x.length;
  const extreme = extremeOf(x);
  codes.fill(0);
  if (Math.abs(extreme) < LEAST_WEIGHT) return 0;
  let scale = 0;
  let best = 0;
  for (const s of [0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    const perUnit = f32(-f32(zero + f32(TENTH * s)) / extreme);
    let sumXL = 0;
    let sumLL = 0;
    for (let i = 0; i < n; i++) {
      const level = nearestWithin(f32(perUnit * x[i]), -zero, zero - 1);
      const weight = importance === undefined ? f32(x[i] * x[i]) : importance[i];
      sumXL = f32(sumXL + f32(f32(weight * x[i]) * level));
      sumLL = f32(sumLL + f32(f32(weight * level) * level));
    }
    const isBetter = sumLL > 0 && f32(sumXL * sumXL) > f32(best * sumLL);
    if (s !== 0 && !isBetter) continue;
    for (let i = 0; i < n; i++) codes[i] = nearestWithin(f32(perUnit * x[i]), -zero, zero - 1) + zero;
    scale = sumLL === 0 ? 0 : f32(sumXL / sumLL);
    best = f32(scale * sumXL);
  }
  return scale;
}

/** scale with x ≈ scale·code, for x of 0 and more, codes 0 … most; writes codes. */
export function searchPositiveScale(
  x: Float32Array,
  importance: Float32Array,
  most: number,
  codes: Uint8Array,
): number {
  const n = x.length;
  const max = x.reduce((a, b) => Math.max(a, b), 0);
  codes.fill(0);
  if (max < LEAST_WEIGHT) return 0;
  let perUnit = 0;
  let bestError = Number.POSITIVE_INFINITY;
  for (const s of [0, -4, -3, -2, -1, 1, 2, 3, 4]) {
    const tried = f32(f32(f32(TENTH * s) + most) / max);
    const scale = f32(1 / tried);
    let error = 0;
    for (let i = 0; i < n; i++) {
      const difference = f32(x[i] - f32(scale * Math.min(most, nearestInt(f32(tried * x[i])))));
      error = f32(error + f32(f32(importance[i] * difference) * difference));
    }
    if (error >= bestError) continue;
    bestError = error;
    perUnit = tried;
  }
  let sumXL = 0;
  let sumLL = 0;
  for (let i = 0; i < n; i++) {
    codes[i] = Math.min(most, nearestInt(f32(perUnit * x[i])));
    sumXL = f32(sumXL + f32(f32(importance[i] * x[i]) * codes[i]));
    sumLL = f32(sumLL + f32(f32(importance[i] * codes[i]) * codes[i]));
  }
  // One code after another is moved to where the others want it, as long as that helps.
  for (let round = 0, isMoved = true; round < 5 && isMoved; round++) {
    isMoved = false;
    for (let i = 0; i < n; i++) {
      const weight = importance[i];
      let otherXL = f32(sumXL - f32(f32(weight * x[i]) * codes[i]));
      let otherLL = f32(sumLL - f32(f32(weight * codes[i]) * codes[i]));
      if (!(otherXL > 0 && otherLL > 0)) continue;
      const code = Math.min(most, nearestInt(f32(f32(x[i] * otherLL) / otherXL)));
      if (code === codes[i]) continue;
      otherXL = f32(otherXL + f32(f32(weight * x[i]) * code));
      otherLL = f32(otherLL + f32(f32(weight * code) * code));
      if (f32(f32(otherXL * otherXL) * sumLL) <= f32(f32(sumXL * sumXL) * otherLL)) continue;
      codes[i] = code;
      sumXL = otherXL;
      sumLL = otherLL;
      isMoved = true;
    }
  }
  return sumLL > 0 ? f32(sumXL / sumLL) : 0;
}

/** ggml's steps between scales that are tried. */
const TENTH = f32(0.1);

/** The first weight of largest magnitude, signed. */
export function extremeOf(x: Float32Array): number {
  let extreme = 0;
  for (const weight of x) if (Math.abs(weight) > Math.abs(extreme)) extreme = weight;
  return extreme;
}

/** Σ x² summed in f32. */
export function sumOfSquares(x: Float32Array): number {
  let sum = 0;
  for (const weight of x) sum = f32(sum + f32(weight * weight));
  return sum;
}

/** What an error of each weight matters: the given importance · √(mean + x²), as ggml's quantisers with an imatrix have it. */
export function ggmlImportance(x: Float32Array, importance: Float32Array, mean: number): Float32Array {
  return x.map((weight, i) => importance[i] * f32(Math.sqrt(f32(mean + f32(weight * weight)))));
}
