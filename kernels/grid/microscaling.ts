// Blocks of 32 small floats under a power of two: OCP Microscaling Formats (MX) 1.0, §5.2 and §6.3.
import type { Grid } from './grid.ts';
import { bestScale, largestMagnitude } from './group-scale.ts';
import { e8m0, encodeScaled, type SmallFloat } from './small-floats.ts';

export const MX_BLOCK = 32;

/**
 * The scale is 2^(⌊log₂ max|w|⌋ − emax): the largest weights of a block, up to twice 2^emax, saturate. What the standard leaves
 * open is the scale of zeros: the smallest, code 0, as ggml and Microsoft's microxcaling write it, with which nothing
 * decodes to more than zeros.
 */
export function microscaling(element: SmallFloat): Grid {
  const grid: Grid = {
    layout: {
      bits: element.bits,
      values: element.values,
      group: MX_BLOCK,
      scale: { coded: { bits: 8, values: e8m0 } },
    },
    block: MX_BLOCK,
    fit(weights, { group }, into, importance) {
      const code = scaleCode(largestMagnitude(weights), element);
      into.scaleCodes![group] = importance === undefined ? code : nearbyCode(grid, weights, importance, code);
    },
    encode: encodeScaled(element),
  };
  return grid;
}

/** Code of the largest scale that is not NaN. */
const LARGEST_SCALE = 254;

const single = new Float32Array(1);
const bitsOfSingle = new Uint32Array(single.buffer);

function scaleCode(largest: number, { maxExponent }: SmallFloat): number {
  single[0] = largest;
  // The exponent of an f32 is biased as the scale's is; that of subnormals, which is too large, is cut to code 0 all the same.
  return Math.max(0, (bitsOfSingle[0] >>> 23) - maxExponent);
}

/** The scale itself, half of it and twice of it: with the last, nothing saturates. */
function nearbyCode(grid: Grid, weights: Float32Array, importance: Float32Array, code: number): number {
  const codes = [code, code + 1, code - 1].filter((near) => near >= 0 && near <= LARGEST_SCALE);
  const group = { weights, importance, from: 0, to: weights.length };
  return codes[
    bestScale(
      grid,
      group,
      codes.map((near) => e8m0[near]),
    )
  ];
}
