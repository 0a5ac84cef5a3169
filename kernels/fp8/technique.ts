import { defineGrid } from '../grid/format.ts';
import type { Grid } from '../grid/grid.ts';
import { largestMagnitude } from '../grid/group-scale.ts';
import { e4m3, e5m2, encodeScaled, type SmallFloat } from '../grid/small-floats.ts';

export default defineGrid({
  summary: 'FP8 weights, E4M3 or E5M2, an f32 scale per channel or tensor; saturating, ties to even',
  source: 'OCP 8-bit Floating Point Specification (OFP8) 1.0; Micikevicius et al., arXiv 2209.05433',
  axes: { element: ['e4m3', 'e5m2'], granularity: ['channel', 'tensor'] },
  grid: ({ element, granularity }, { N, K }) => fp8({ e4m3, e5m2 }[element], K, granularity === 'channel' ? 1 : N),
  minSqnrDb: ({ element }) => ({ e4m3: 25, e5m2: 19 })[element],
});

/** `rows` of K weights share a scale. It is not searched for: steps are as fine relative to a weight whatever the scale. */
function fp8(element: SmallFloat, K: number, rows: number): Grid {
  return {
    layout: {
      bits: 8,
      values: element.values,
      group: K,
      scale: { shared: { type: 'f32', every: rows } },
    },
    block: rows * K,
    fit(weights, { index }, into) {
      into.scales![index] = largestMagnitude(weights) / element.max;
    },
    encode: encodeScaled(element),
  };
}
