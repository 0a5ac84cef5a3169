// Integer codes, which most grids have.
import type { Grid } from './grid.ts';

/** −zero, 1 − zero … 2^bits − 1 − zero. */
export function integers(bits: number, zero: number): Float32Array {
  return Float32Array.from({ length: 2 ** bits }, (_, code) => code - zero);
}

/** The code of the nearest of scale·(code − zero) − min, halves upwards; the code of zero where the scale is 0. */
export function encodeInteger(bits: number, zero: number): Grid['encode'] {
  const most = 2 ** bits - 1;
  return (weight, scale, min) =>
    scale === 0 ? zero : Math.max(0, Math.min(most, Math.round((weight + min) / scale) + zero));
}

export const F16_MAX = 65504;

/** To the nearest f16 that is finite. */
export function toF16(value: number): number {
  return Math.f16round(Math.max(-F16_MAX, Math.min(F16_MAX, value)));
}
