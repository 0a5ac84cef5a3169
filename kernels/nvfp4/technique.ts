import { defineGrid } from '../grid/format.ts';
import type { Grid } from '../grid/grid.ts';
import { bestScale, largestMagnitude } from '../grid/group-scale.ts';
import type { MatmulShape } from '../grid/layout.ts';
import { e2m1, e4m3, encodeScaled } from '../grid/small-floats.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';

const BLOCK = 16;

const { skip, borders } = wholeBlocks(BLOCK);

export default defineGrid({
  summary: 'NVFP4: blocks of 16 E2M1 floats, an E4M3 scale for each and an f32 for the whole; ties to even',
  source: "NVIDIA, Pretraining LLMs with NVFP4, arXiv 2509.25149, appendix on quantisation (ggml's form has no f32)",
  axes: {},
  skip,
  grid: (_, shape) => blocksUnderOneScale(shape),
  minSqnrDb: () => 15,
  borders,
});

/** The largest block's scale becomes the largest E4M3, so that the others find all the finer ones below it. */
function blocksUnderOneScale({ N, K }: MatmulShape): Grid {
  const every = (N * K) / BLOCK;
  const grid: Grid = {
    layout: {
      bits: 4,
      values: e2m1.values,
      group: BLOCK,
      scale: { shared: { type: 'f32', every }, coded: { bits: 8, values: e4m3.values } },
    },
    block: N * K,
    fit(weights, _, into, importance) {
      into.scales![0] = largestMagnitude(weights) / (e4m3.max * e2m1.max);
      const ofTensor = into.scales![0];
      if (ofTensor === 0) return;
      for (let group = 0, from = 0; from < weights.length; group++, from += BLOCK) {
        const to = from + BLOCK;
        const code = e4m3.encode(largestMagnitude(weights, from, to) / (e2m1.max * ofTensor));
        const near = importance === undefined ? [code] : nearbyCodes(code);
        const scales = near.map((nearCode) => Math.fround(ofTensor * e4m3.values[nearCode]));
        const best = importance === undefined ? 0 : bestScale(grid, { weights, importance, from, to }, scales);
        into.scaleCodes![group] = near[best];
      }
    },
    encode: encodeScaled(e2m1),
  };
  return grid;
}

/** Down to 0.7 of a scale, where the largest weights saturate, and up to 1.5 of it, where the largest is 4 of 6. */
function nearbyCodes(code: number): number[] {
  return [0, -4, -3, -2, -1, 1, 2, 3, 4]
    .map((offset) => code + offset)
    .filter((near) => near >= 0 && e4m3.values[near] <= e4m3.max);
}
