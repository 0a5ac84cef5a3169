import { roundRows } from '../csr/kept-values.ts';
import type { MatmulShape } from '../grid/layout.ts';
import type { Pruned } from '../methods/mask.ts';

/**
 * Two of every four consecutive weights of a row. K is padded with zeros to whole groups of four, so a kernel reads
 * activations up to paddedK(K) and must find zeros there.
 */
export interface Sparse24Weights {
  /** [N, paddedK/2] f32: the two kept weights of each group, in order of their place. */
  readonly values: Float32Array;
  /** [N, ceil(paddedK/8)]: 4 bits a group, the even group in the low half; place of the first kept weight in bits 0–1, of the second in bits 2–3. */
  readonly indices: Uint8Array;
}

/** The same with weights rounded: w = scales[n] · value. */
export interface Int8Sparse24Weights extends Omit<Sparse24Weights, 'values'> {
  /** [N, paddedK/2] in −127 … 127 */
  readonly values: Int8Array;
  /** [N] f32 */
  readonly scales: Float32Array;
}

export type PackedSparse24 = Sparse24Weights | Int8Sparse24Weights;

/** K rounded up to whole groups of four. */
export function paddedK(K: number): number {
  return Math.ceil(K / 4) * 4;
}

/** Bytes of indices in one row. */
export function indexStride(K: number): number {
  return Math.ceil(K / 8);
}

/** Stores what the mask keeps of W [N,K]: at most two of every four, the first of the others with them where they are fewer. */
export function packSparse24({ W, mask }: Pruned, { N, K }: MatmulShape): Sparse24Weights {
  const groups = paddedK(K) / 4;
  const values = new Float32Array(N * groups * 2);
  const indices = new Uint8Array(N * indexStride(K));
  for (let n = 0; n < N; n++) {
    for (let g = 0; g < groups; g++) {
      const from = n * K + g * 4;
      const inside = Math.min(4, K - g * 4);
      const kept =
        (mask[from] | (mask[from + 1] << 1) | (mask[from + 2] << 2) | (mask[from + 3] << 3)) & ((1 << inside) - 1);
      const [first, second] = TWO_PLACES[kept];
      const at = (n * groups + g) * 2;
      values[at] = W[from + first];
      values[at + 1] = second < inside ? W[from + second] : 0;
      indices[n * indexStride(K) + (g >> 1)] |= (first | (second << 2)) << ((g & 1) * 4);
    }
  }
  return { values, indices };
}

/** The same as int8. */
export function packInt8Sparse24(pruned: Pruned, shape: MatmulShape): Int8Sparse24Weights {
  const { scales, ...rounded } = roundRows(pruned, shape);
  const { values, indices } = packSparse24(rounded, shape);
  return { values: new Int8Array(values), indices, scales };
}

/** Bytes of all parts. */
export function sparse24Bytes(packed: PackedSparse24): number {
  const scaleBytes = 'scales' in packed ? packed.scales.byteLength : 0;
  return packed.values.byteLength + packed.indices.byteLength + scaleBytes;
}

/** Weights as f32, each rounded to it. */
export function decodeSparse24(packed: PackedSparse24): Sparse24Weights {
  if (!('scales' in packed)) return packed;
  const { values, indices, scales } = packed;
  const stored = values.length / scales.length;
  const decoded = new Float32Array(values.length);
  for (let n = 0; n < scales.length; n++) {
    for (let i = n * stored; i < (n + 1) * stored; i++) decoded[i] = scales[n] * values[i];
  }
  return { values: decoded, indices };
}

/** W [N,K] with the dropped entries as zeros. */
export function unpackSparse24(packed: PackedSparse24, { N, K }: MatmulShape): Float32Array {
  const { values, indices } = decodeSparse24(packed);
  const groups = paddedK(K) / 4;
  const W = new Float32Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < groups * 2; i++) {
      const k = (i >> 1) * 4 + ((indices[n * indexStride(K) + (i >> 2)] >> ((i & 3) * 2)) & 3);
      if (k < K) W[n * K + k] = values[n * groups * 2 + i];
    }
  }
  return W;
}

/** For each set of kept places, as bits: two of four, ascending, the kept ones and the first of the others to make up two. */
const TWO_PLACES = Array.from({ length: 16 }, (_, kept) => {
  const places = [0, 1, 2, 3];
  const [first, second] = places.toSorted((a, b) => ((kept >> b) & 1) - ((kept >> a) & 1) || a - b);
  return first < second ? [first, second] : [second, first];
});
