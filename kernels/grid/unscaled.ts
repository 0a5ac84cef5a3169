// Weights as small floats themselves, without scales.
import type { Grid } from './grid.ts';
import type { SmallFloat } from './small-floats.ts';

export function unscaled(element: SmallFloat, K: number): Grid {
  return {
    layout: { bits: element.bits, values: element.values, group: K },
    block: K,
    fit() {},
    encode: element.encode,
  };
}
