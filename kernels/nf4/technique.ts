import { defineGrid } from '../grid/format.ts';
import type { Grid } from '../grid/grid.ts';
import { bestScale, largestMagnitude } from '../grid/group-scale.ts';
import type { GridChoice, MatmulShape } from '../grid/layout.ts';
import { wholeBlocks } from '../grid/whole-blocks.ts';
import { dynamicMap, encodeNearest, NF4 } from './codes.ts';

const BLOCK = 64;
/** Blocks whose scales share a scale, row after row. */
const NESTED_BLOCK = 256;

const { skip, borders } = wholeBlocks(BLOCK);

/** bitsandbytes cuts the flattened matrix into blocks; where 64 divides K, these are the groups along K. */
export default defineGrid({
  summary: 'NF4: blocks of 64 codes at quantiles of a normal distribution, f32 absmax; double quantisation: in 8 bits',
  source: 'Dettmers et al., QLoRA, arXiv 2305.14314, §3; bitsandbytes/backends/default/ops.py, functional.py',
  axes: {},
  choices: { doubleQuantisation: ['no', 'yes'] },
  skip,
  grid: (params: object, shape) =>
    'doubleQuantisation' in params && params.doubleQuantisation === 'yes' ? doublyQuantised(shape) : SINGLE,
  minSqnrDb: () => 16,
  borders,
});

const encode = encodeNearest(NF4);

const SINGLE: Grid = {
  layout: { bits: 4, values: NF4, group: BLOCK, scale: { shared: { type: 'f32', every: 1 } } },
  block: BLOCK,
  fit(weights, { group }, into, importance) {
    into.scales![group] = scalesOfBlocks(weights, importance)[0];
  },
  encode,
};

/** Codes of weights are chosen by the scales before these are rounded, as bitsandbytes does. */
function doublyQuantised({ N, K }: MatmulShape): Grid {
  const coded = { bits: 8, values: dynamicMap };
  return {
    layout: { ...SINGLE.layout, scale: { shared: { type: 'f32', every: NESTED_BLOCK }, coded, hasOffset: true } },
    block: N * K,
    fit(weights, _, into, importance) {
      roundScales(scalesOfBlocks(weights, importance), into);
    },
    encode,
    round(weights, _, into, importance) {
      const scales = scalesOfBlocks(weights, importance);
      roundScales(scales, into);
      for (const [i, weight] of weights.entries()) into.codes[i] = encode(weight, scales[Math.floor(i / BLOCK)], 0);
    },
  };
}

const encodeScale = encodeNearest(dynamicMap);

/** The mean, which bitsandbytes sums in f32 in an order of its own, is summed in f64 here: it may differ in its last bit. */
function roundScales(scales: Float32Array, { scales: nested, scaleCodes, scaleOffset }: GridChoice): void {
  scaleOffset![0] = scales.reduce((sum, scale) => sum + scale, 0) / scales.length;
  const mean = scaleOffset![0];
  const centred = scales.map((scale) => scale - mean);
  for (let from = 0, block = 0; from < centred.length; from += NESTED_BLOCK, block++) {
    const to = Math.min(centred.length, from + NESTED_BLOCK);
    nested![block] = largestMagnitude(centred, from, to);
    for (let i = from; i < to; i++) scaleCodes![i] = encodeScale(centred[i], nested![block], 0);
  }
}

/** Shares of a block's absmax that are tried where importance is known: with less than all the largest weights saturate. */
const SHARES = [1, 0.975, 0.95, 0.925, 0.9, 0.875, 0.85, 0.8];

function scalesOfBlocks(weights: Float32Array, importance?: Float32Array): Float32Array {
  return Float32Array.from({ length: weights.length / BLOCK }, (_, block) => {
    const [from, to] = [block * BLOCK, (block + 1) * BLOCK];
    const absmax = largestMagnitude(weights, from, to);
    if (importance === undefined) return absmax;
    const scales = SHARES.map((share) => Math.fround(share * absmax));
    return scales[bestScale(SINGLE, { weights, importance, from, to }, scales)];
  });
}
