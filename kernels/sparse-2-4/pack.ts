import type { MatmulProblem } from '../../bench/contract/problem.ts';

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

/** K rounded up to whole groups of four. */
export function paddedK(K: number): number {
  return Math.ceil(K / 4) * 4;
}

/** Bytes of indices in one row. */
export function indexStride(K: number): number {
  return Math.ceil(K / 8);
}

/** Keeps the two weights of largest magnitude of every four; of equals the first. */
export function packSparse24(W: Float32Array, { N, K }: MatmulProblem): Sparse24Weights {
  const groups = paddedK(K) / 4;
  const values = new Float32Array(N * groups * 2);
  const indices = new Uint8Array(N * indexStride(K));
  const group = new Float32Array(4);
  for (let n = 0; n < N; n++) {
    for (let g = 0; g < groups; g++) {
      for (let j = 0; j < 4; j++) group[j] = g * 4 + j < K ? W[n * K + g * 4 + j] : 0;
      const [first, second] = twoLargest(group);
      values[(n * groups + g) * 2] = group[first];
      values[(n * groups + g) * 2 + 1] = group[second];
      indices[n * indexStride(K) + (g >> 1)] |= (first | (second << 2)) << ((g & 1) * 4);
    }
  }
  return { values, indices };
}

/** W [N,K] with the dropped entries as zeros. */
export function unpackSparse24({ values, indices }: Sparse24Weights, { N, K }: MatmulProblem): Float32Array {
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

/** Places of the two entries of largest magnitude, ascending. */
function twoLargest(group: Float32Array): [number, number] {
  let first = 0;
  for (let j = 1; j < 4; j++) if (Math.abs(group[j]) > Math.abs(group[first])) first = j;
  let second = first === 0 ? 1 : 0;
  for (let j = second + 1; j < 4; j++) {
    if (j !== first && Math.abs(group[j]) > Math.abs(group[second])) second = j;
  }
  return first < second ? [first, second] : [second, first];
}
