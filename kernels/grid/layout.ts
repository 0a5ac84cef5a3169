// How weights lie in a grid format: a code for each, and scales that groups of codes along K share.
import type { ShapeOf } from '../../bench/contract/technique.ts';
import { fromBits, toBits } from './bits.ts';

export type MatmulShape = Pick<ShapeOf<'matmul'>, 'N' | 'K'>;

/** w[n,k] = scale[n,g]·values[code[n,k]] − min[n,g], where g = ⌊k / group⌋. */
export interface GridLayout {
  /** Bits of a code: 2 to 6, 8 or 16; or 1.6, five codes of three values to a byte. */
  readonly bits: number;
  /** What each code stands for before it is scaled. */
  readonly values: Float32Array;
  /** Weights along K that share a scale; the last group of a row may have fewer. */
  readonly group: number;
  /** Missing where codes are the weights themselves. */
  readonly scale?: ScaleLayout;
  readonly min?: ScaleLayout;
}

/**
 * scale[n,g] = scales[⌊(n·groups + g) / every⌋] · values[scaleCode[n,g]] + offset, each rounded to f32; what is not stored is
 * left out.
 */
export interface ScaleLayout {
  /** Groups, counted row after row, that share a scale as a number. */
  readonly shared?: { readonly type: 'f16' | 'f32'; readonly every: number };
  /** A code for each group, of `bits` bits. */
  readonly coded?: { readonly bits: number; readonly values: Float32Array };
  /** One number for all groups is added at last. */
  readonly hasOffset?: true;
}

/** Which stored values were chosen, each code in an element of its own. */
export interface GridChoice {
  /** [N,K] */
  readonly codes: Uint8Array | Uint16Array;
  /** As many as the layout's `shared` makes of N·groups. */
  readonly scales?: Float16Array | Float32Array;
  /** [N,groups] */
  readonly scaleCodes?: Uint8Array;
  /** [1] */
  readonly scaleOffset?: Float32Array;
  readonly mins?: Float16Array | Float32Array;
  readonly minCodes?: Uint8Array;
}

/** The same as it lies in memory: codes in planes of bits (see bits.ts), row by row. */
export interface GridWeights {
  readonly codes: Uint8Array;
  readonly scales?: Float16Array | Float32Array;
  readonly scaleCodes?: Uint8Array;
  readonly scaleOffset?: Float32Array;
  readonly mins?: Float16Array | Float32Array;
  readonly minCodes?: Uint8Array;
}

/** Groups in a row. */
export function groupsOf({ group }: Pick<GridLayout, 'group'>, K: number): number {
  return Math.ceil(K / group);
}

/** Room for what will be chosen, all zeros. */
export function emptyChoice(layout: GridLayout, { N, K }: MatmulShape): GridChoice {
  const groups = N * groupsOf(layout, K);
  const shared = (part: ScaleLayout | undefined) => {
    if (part?.shared === undefined) return undefined;
    const length = Math.ceil(groups / part.shared.every);
    return part.shared.type === 'f16' ? new Float16Array(length) : new Float32Array(length);
  };
  const coded = (part: ScaleLayout | undefined) => (part?.coded === undefined ? undefined : new Uint8Array(groups));
  return {
    codes: layout.bits === 16 ? new Uint16Array(N * K) : new Uint8Array(N * K),
    scales: shared(layout.scale),
    scaleCodes: coded(layout.scale),
    scaleOffset: layout.scale?.hasOffset && new Float32Array(1),
    mins: shared(layout.min),
    minCodes: coded(layout.min),
  };
}

export function storeChoice(choice: GridChoice, layout: GridLayout, { N, K }: MatmulShape): GridWeights {
  const groups = groupsOf(layout, K);
  const packed = (codes: Uint8Array | undefined, part: ScaleLayout | undefined) =>
    codes && part?.coded && toBits(codes, N, groups, part.coded.bits);
  return {
    ...choice,
    codes: toBits(choice.codes, N, K, layout.bits),
    scaleCodes: packed(choice.scaleCodes, layout.scale),
    minCodes: packed(choice.minCodes, layout.min),
  };
}

export function readChoice(weights: GridWeights, layout: GridLayout, { N, K }: MatmulShape): GridChoice {
  const groups = groupsOf(layout, K);
  const unpacked = (codes: Uint8Array | undefined, part: ScaleLayout | undefined) =>
    codes && part?.coded && Uint8Array.from(fromBits(codes, N, groups, part.coded.bits));
  return {
    ...weights,
    codes: fromBits(weights.codes, N, K, layout.bits),
    scaleCodes: unpacked(weights.scaleCodes, layout.scale),
    minCodes: unpacked(weights.minCodes, layout.min),
  };
}

/** Scale of each group as f32 [N,groups], ones where the layout has none. */
export function scalesOf(choice: GridChoice, layout: GridLayout, shape: MatmulShape): Float32Array {
  const scales = factorsOf(layout.scale, choice.scales, choice.scaleCodes, layout, shape);
  const offset = choice.scaleOffset?.[0];
  return offset === undefined ? scales : scales.map((scale) => scale + offset);
}

/** What is taken off the weights of each group as f32 [N,groups]; undefined where nothing is. */
export function minsOf(choice: GridChoice, layout: GridLayout, shape: MatmulShape): Float32Array | undefined {
  return layout.min && factorsOf(layout.min, choice.mins, choice.minCodes, layout, shape);
}

function factorsOf(
  part: ScaleLayout | undefined,
  shared: Float16Array | Float32Array | undefined,
  codes: Uint8Array | undefined,
  layout: GridLayout,
  { N, K }: MatmulShape,
): Float32Array {
  const factors = new Float32Array(N * groupsOf(layout, K)).fill(1);
  const every = part?.shared?.every ?? 1;
  if (shared !== undefined) for (let i = 0; i < factors.length; i++) factors[i] = shared[Math.floor(i / every)];
  const values = part?.coded?.values;
  if (codes !== undefined && values !== undefined)
    for (let i = 0; i < factors.length; i++) factors[i] *= values[codes[i]];
  return factors;
}

/** The weights [N,K] that a choice stands for, each rounded to f32. */
export function decodeChoice(choice: GridChoice, layout: GridLayout, shape: MatmulShape): Float32Array {
  const { N, K } = shape;
  const scales = scalesOf(choice, layout, shape);
  const mins = minsOf(choice, layout, shape);
  const groups = groupsOf(layout, K);
  const W = new Float32Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const g = n * groups + Math.floor(k / layout.group);
      W[n * K + k] = scales[g] * layout.values[choice.codes[n * K + k]] - (mins === undefined ? 0 : mins[g]);
    }
  }
  return W;
}

/** Of all parts together. */
export function bytesOf({ codes, scales, scaleCodes, scaleOffset, mins, minCodes }: GridWeights): number {
  const parts = [codes, scales, scaleCodes, scaleOffset, mins, minCodes];
  return parts.reduce((sum, part) => sum + (part?.byteLength ?? 0), 0);
}
