import type { MatmulShape } from '../grid/layout.ts';
import type { Pruned } from '../methods/mask.ts';
import { roundRows } from './kept-values.ts';

/** Compressed sparse rows: row n holds entries rowPtr[n] … rowPtr[n+1]−1, columns ascending. */
export interface CsrWeights {
  /** [nnz] f32 */
  readonly values: Float32Array;
  /** [nnz], u16 while K allows it */
  readonly colIdx: Uint16Array | Uint32Array;
  /** [N+1] */
  readonly rowPtr: Uint32Array;
}

/** The same with weights rounded: w = scales[n] · value. */
export interface Int8CsrWeights extends Omit<CsrWeights, 'values'> {
  /** [nnz] in −127 … 127 */
  readonly values: Int8Array;
  /** [N] f32 */
  readonly scales: Float32Array;
}

export type PackedCsr = CsrWeights | Int8CsrWeights;

const U16_COLUMNS = 2 ** 16;

/** Stores what the mask keeps of W [N,K]; exact zeros are never stored. */
export function packCsr({ W, mask }: Pruned, { N, K }: MatmulShape): CsrWeights {
  const isStored = (i: number) => mask[i] === 1 && W[i] !== 0;
  const rowPtr = new Uint32Array(N + 1);
  for (let n = 0; n < N; n++) {
    let count = 0;
    for (let i = n * K; i < (n + 1) * K; i++) if (isStored(i)) count++;
    rowPtr[n + 1] = rowPtr[n] + count;
  }
  const values = new Float32Array(rowPtr[N]);
  const colIdx = K <= U16_COLUMNS ? new Uint16Array(rowPtr[N]) : new Uint32Array(rowPtr[N]);
  for (let i = 0, at = 0; i < mask.length; i++) {
    if (!isStored(i)) continue;
    values[at] = W[i];
    colIdx[at++] = i % K;
  }
  return { values, colIdx, rowPtr };
}

/** The same as int8; what rounds to zero is not stored either. */
export function packInt8Csr(pruned: Pruned, shape: MatmulShape): Int8CsrWeights {
  const { scales, ...rounded } = roundRows(pruned, shape);
  const { values, ...places } = packCsr(rounded, shape);
  return { ...places, values: new Int8Array(values), scales };
}

/** Bytes of all parts. */
export function csrBytes(packed: PackedCsr): number {
  const { values, colIdx, rowPtr } = packed;
  const scaleBytes = 'scales' in packed ? packed.scales.byteLength : 0;
  return values.byteLength + colIdx.byteLength + rowPtr.byteLength + scaleBytes;
}

/** Weights as f32, each rounded to it. */
export function decodeCsr(packed: PackedCsr): CsrWeights {
  if (!('scales' in packed)) return packed;
  const { values: rounded, scales, colIdx, rowPtr } = packed;
  const values = new Float32Array(rounded.length);
  for (let n = 0; n < scales.length; n++) {
    for (let i = rowPtr[n]; i < rowPtr[n + 1]; i++) values[i] = scales[n] * rounded[i];
  }
  return { values, colIdx, rowPtr };
}

/** W [N,K] with the pruned entries as zeros. */
export function unpackCsr(packed: PackedCsr, { N, K }: MatmulShape): Float32Array {
  const { values, colIdx, rowPtr } = decodeCsr(packed);
  const W = new Float32Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let i = rowPtr[n]; i < rowPtr[n + 1]; i++) W[n * K + colIdx[i]] = values[i];
  }
  return W;
}
