// ggml's Q4_K and Q5_K: 256 weights as eight groups of 32, scales and minima of six bits and an f16 for all eight of each.
// Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q4_K_ref, quantize_row_q4_K_impl and the same of q5_K.
import type { Grid } from './grid.ts';
import { integers, toF16 } from './integers.ts';
import type { GridChoice } from './layout.ts';
import { nearestInt, nearestWithin } from './nearest-int.ts';
import {
  type Candidates,
  ggmlImportance,
  searchPositiveScale,
  searchScaleAndMin,
  sumOfSquares,
} from './scale-search.ts';

const f32 = Math.fround;

export const SUPER_BLOCK = 256;
const GROUP = 32;
const GROUPS = SUPER_BLOCK / GROUP;
const MOST_CODED = 63;

const CANDIDATES: { readonly [bits in 4 | 5]: Candidates } = {
  4: { first: -1, step: 0.1, steps: 20 },
  5: { first: -0.5, step: 0.1, steps: 15 },
};
export const CANDIDATES_BY_IMPORTANCE: Candidates = { first: -0.9, step: 0.05, steps: 36 };

export function kQuants(bits: 4 | 5): Grid {
  const most = 2 ** bits - 1;
  const part = {
    shared: { type: 'f16', every: GROUPS },
    coded: { bits: 6, values: integers(6, 0) },
  } as const;
  const encode: Grid['encode'] = (weight, scale, min) =>
    scale === 0 ? 0 : nearestWithin(f32(f32(weight + min) / scale), 0, most);
  return {
    layout: { bits, values: integers(bits, 0), group: GROUP, scale: part, min: part },
    block: SUPER_BLOCK,
    encode,
    fit: (weights, { group }, into, importance) => storeScales(search(bits, weights, importance), group, into),
    round(weights, { group, weight: first }, into, importance) {
      const found = search(bits, weights, importance);
      storeScales(found, group, into);
      for (let j = 0; j < GROUPS; j++) {
        const scale = f32(into.scales![group / GROUPS] * into.scaleCodes![group + j]);
        const min = f32(into.mins![group / GROUPS] * into.minCodes![group + j]);
        for (let i = j * GROUP; i < (j + 1) * GROUP; i++) {
          into.codes[first + i] = scale === 0 ? found.codes[i] : encode(weights[i], scale, min);
        }
      }
    },
  };
}

interface Found {
  /** Of 256 weights under the scales as they were before they were coded. */
  readonly codes: Uint8Array;
  readonly scale: number;
  readonly scaleCodes: Uint8Array;
  readonly min: number;
  readonly minCodes: Uint8Array;
}

function search(bits: 4 | 5, weights: Float32Array, importance: Float32Array | undefined): Found {
  const codes = new Uint8Array(SUPER_BLOCK);
  const scales = new Float32Array(GROUPS);
  const mins = new Float32Array(GROUPS);
  const sums = new Float32Array(GROUPS);
  const mean = f32((2 * sumOfSquares(weights)) / SUPER_BLOCK);
  for (let j = 0; j < GROUPS; j++) {
    const own = [j * GROUP, (j + 1) * GROUP] as const;
    const x = weights.subarray(...own);
    const matters =
      importance === undefined ? rmsAndMagnitude(x) : ggmlImportance(x, importance.subarray(...own), mean);
    const candidates = importance === undefined ? CANDIDATES[bits] : CANDIDATES_BY_IMPORTANCE;
    const { scale, min } = searchScaleAndMin(x, matters, 2 ** bits - 1, candidates, codes.subarray(...own));
    scales[j] = scale;
    mins[j] = min;
    for (const matter of matters) sums[j] += matter;
  }
  const code = (x: Float32Array) => (importance === undefined ? codeByLargest(x) : codeByImportance(x, sums));
  const [scale, scaleCodes] = code(scales);
  const [min, minCodes] = code(mins);
  return { codes, scale, scaleCodes, min, minCodes };
}

/** What an error of each weight matters where nobody says: the more the larger it is. */
function rmsAndMagnitude(x: Float32Array): Float32Array {
  const rms = f32(Math.sqrt(f32(sumOfSquares(x) / GROUP)));
  return x.map((weight) => rms + Math.abs(weight));
}

function codeByLargest(x: Float32Array): [number, Uint8Array] {
  const max = x.reduce((a, b) => Math.max(a, b), 0);
  const perUnit = max > 0 ? f32(MOST_CODED / max) : 0;
  return [f32(max / MOST_CODED), Uint8Array.from(x, (value) => Math.min(MOST_CODED, nearestInt(f32(perUnit * value))))];
}

function codeByImportance(x: Float32Array, importance: Float32Array): [number, Uint8Array] {
  const codes = new Uint8Array(GROUPS);
  return [searchPositiveScale(x, importance, MOST_CODED, codes), codes];
}

function storeScales({ scale, scaleCodes, min, minCodes }: Found, group: number, into: GridChoice): void {
  into.scales![group / GROUPS] = toF16(scale);
  into.mins![group / GROUPS] = toF16(min);
  into.scaleCodes!.set(scaleCodes, group);
  into.minCodes!.set(minCodes, group);
}
