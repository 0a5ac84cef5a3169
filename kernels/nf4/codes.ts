// The two tables of bitsandbytes (bitsandbytes/backends/utils.py and `create_dynamic_map` of functional.py) and how it rounds.
import type { Grid } from '../grid/grid.ts';

/** Means of neighbouring quantiles of the normal distribution, asymmetric so that 0 is among them; QLoRA, appendix E. */
export const NF4 = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
);

/**
 * 8 bits with a decimal exponent of a unary length, the rest a linear fraction (Dettmers, arXiv 1511.04561): in each decade
 * from 10⁻⁷…10⁻⁶ up to 0.1…1 twice as many midpoints of equal parts as in the one below; 0 and 1 besides. Rounded from double
 * once, whereas the last bit of bitsandbytes's depends on the machine's vectors.
 */
export const dynamicMap = Float32Array.from(
  Array.from({ length: 7 }, (_, decade) => decade)
    .flatMap((decade) => midpoints(2 ** decade).map((mean) => mean * 10 ** (decade - 6)))
    .flatMap((value) => [-value, value])
    .concat(0, 1)
    .sort((a, b) => a - b),
);

/** Middles of so many equal parts of 0.1 … 1. */
function midpoints(parts: number): number[] {
  return Array.from({ length: parts }, (_, part) => 0.1 + (0.9 * (part + 0.5)) / parts);
}

/** Scales below it are divided by as it were: such weights become zeros. */
const LEAST_SCALE = 1e-38;

/** Nearest of ascending values to weight · (1 / scale) in f32, the lower one at ties; the code of 0 where the scale is. */
export function encodeNearest(values: Float32Array): Grid['encode'] {
  const bounds = values.subarray(1).map((value, code) => (value + values[code]) / 2);
  const zero = values.indexOf(0);
  return (weight, scale) => {
    if (Math.abs(scale) < LEAST_SCALE) return zero;
    const quotient = Math.fround(weight * Math.fround(1 / scale));
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bounds[middle] < quotient) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
