// Integers in groups along K: symmetric about zero, or with a zero point of each group's own.
import type { Grid } from './grid.ts';
import { encodeInteger, integers, toF16 } from './integers.ts';

/**
 * Symmetric groups as in ggml's Q4_0: the weight of largest magnitude takes the code of largest magnitude, so that all
 * levels are used; the scale is rounded to f16 first and the weights are rounded against what is really stored.
 */
export function signedGroups(bits: number, groupSize: number, choices: object): Grid {
  if ('zero' in choices && choices.zero === 'f16') return zeroPointGroups(bits, groupSize);
  const zero = 2 ** (bits - 1);
  return {
    layout: { bits, values: integers(bits, zero), group: groupSize, scale: { shared: { type: 'f16', every: 1 } } },
    block: groupSize,
    fit(weights, { group }, into) {
      into.scales![group] = toF16(extremeOf(weights) / -zero);
    },
    encode: encodeInteger(bits, zero),
  };
}

/** The range of a group, zero included, on all codes; what is taken off is an f16 too, scale · zero point. */
function zeroPointGroups(bits: number, groupSize: number): Grid {
  const f16 = { shared: { type: 'f16', every: 1 } } as const;
  return {
    layout: { bits, values: integers(bits, 0), group: groupSize, scale: f16, min: f16 },
    block: groupSize,
    fit(weights, { group }, into) {
      let least = 0;
      let most = 0;
      for (const weight of weights) {
        least = Math.min(least, weight);
        most = Math.max(most, weight);
      }
      into.scales![group] = toF16((most - least) / (2 ** bits - 1));
      into.mins![group] = toF16(-least);
    },
    encode: encodeInteger(bits, 0),
  };
}

/** The weight of largest magnitude, signed. */
function extremeOf(weights: Float32Array): number {
  let extreme = 0;
  for (const weight of weights) if (Math.abs(weight) > Math.abs(extreme)) extreme = weight;
  return extreme;
}
