// Small layers whose inputs are correlated, as those of trained networks are, and what a choice does to their outputs.
import type { Calibration } from '../../bench/contract/calibration.ts';
import { seededRandom } from '../../bench/statistics/random.ts';
import type { Grid } from '../grid/grid.ts';
import { encodeInteger, integers } from '../grid/integers.ts';
import { decodeChoice, type MatmulShape } from '../grid/layout.ts';
import type { MethodResult } from './method.ts';
import { outputError } from './output-error.ts';
import { gram } from './statistics.ts';

export function gaussianWeights({ N, K }: MatmulShape, seed: number): Float32Array {
  const random = seededRandom(seed, 0);
  return Float32Array.from({ length: N * K }, () => 0.05 * random.gaussian());
}

/** Each row mixes few hidden factors and a little noise of its own; some channels are louder. Equal seeds share the factors. */
export function correlatedRows(rows: number, K: number, seed: number, draw: number): Calibration {
  const structure = seededRandom(seed, 1);
  const factors = Math.ceil(K / 8);
  const mixing = Float64Array.from({ length: factors * K }, () => structure.gaussian());
  const loudness = Float64Array.from({ length: K }, () => Math.exp(structure.gaussian()));
  const random = seededRandom(seed, 2 + draw);
  const X = new Float32Array(rows * K);
  for (let r = 0; r < rows; r++) {
    const hidden = Float64Array.from({ length: factors }, () => random.gaussian());
    for (let k = 0; k < K; k++) {
      let mixed = 0;
      for (let f = 0; f < factors; f++) mixed += hidden[f] * mixing[f * K + k];
      X[r * K + k] = loudness[k] * (mixed / Math.sqrt(factors) + 0.3 * random.gaussian());
    }
  }
  return { X, rows };
}

/** Weights as activations meet them: what channels were multiplied by is divided out. */
export function decoded({ choice, channels }: MethodResult, { layout }: Grid, shape: MatmulShape): Float32Array {
  const W = decodeChoice(choice, layout, shape);
  return channels === undefined ? W : W.map((w, i) => w / channels[i % shape.K]);
}

/** ‖X·(Ŵ − W)ᵀ‖² */
export function lossOf(got: Float32Array, W: Float32Array, { N, K }: MatmulShape, rows: Calibration): number {
  return outputError(
    Float64Array.from(got, (w, i) => w - W[i]),
    gram(rows, K),
    N,
    K,
  );
}

/** Uneven values under f32 scales, as NF4 has them. */
export function tableGroups(group: number): Grid {
  const values = Float32Array.of(-1, -0.5, -0.2, 0, 0.15, 0.35, 0.6, 1);
  return {
    layout: { bits: 3, values, group, scale: { shared: { type: 'f32', every: 1 } } },
    block: group,
    fit(weights, at, into) {
      into.scales![at.group] = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
    },
    encode(weight, scale, min) {
      let best = 0;
      values.forEach((value, code) => {
        const error = Math.abs(weight - (scale * value - min));
        if (error < Math.abs(weight - (scale * values[best] - min))) best = code;
      });
      return best;
    },
  };
}

/** int4 under one f32 scale for the whole matrix. */
export function oneScale({ N, K }: MatmulShape): Grid {
  return {
    layout: { bits: 4, values: integers(4, 8), group: K, scale: { shared: { type: 'f32', every: N } } },
    block: N * K,
    fit(weights, _, into) {
      into.scales![0] = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / 8;
    },
    encode: encodeInteger(4, 8),
  };
}

/** int4 whose scales are powers of two, stored as codes as in MXFP4. */
export function powerScales(group: number): Grid {
  const values = Float32Array.from({ length: 16 }, (_, code) => 2 ** (code - 14));
  return {
    layout: { bits: 4, values: integers(4, 8), group, scale: { coded: { bits: 4, values } } },
    block: group,
    fit(weights, at, into) {
      const most = weights.reduce((a, w) => Math.max(a, Math.abs(w)), 0);
      const code = most === 0 ? 0 : 14 + Math.ceil(Math.log2(most / 8));
      into.scaleCodes![at.group] = Math.max(0, Math.min(15, code));
    },
    encode: encodeInteger(4, 8),
  };
}
