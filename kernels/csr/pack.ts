import type { MatmulShape } from '../grid/layout.ts';
import type { Pruned } from '../methods/mask.ts';

/** Compressed sparse rows: row n holds entries rowPtr[n] … rowPtr[n+1]−1, columns ascending. */
export interface CsrWeights {
  /** [nnz] f32 */
  readonly values: Float32Array;
  /** [nnz], u16 while K allows it */
  readonly colIdx: Uint16Array | Uint32Array;
  /** [N+1] */
  readonly rowPtr: Uint32Array;
}

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

/** W [N,K] with the pruned entries as zeros. */
export function unpackCsr({ values, colIdx, rowPtr }: CsrWeights, { N, K }: MatmulShape): Float32Array {
  const W = new Float32Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let i = rowPtr[n]; i < rowPtr[n + 1]; i++) W[n * K + colIdx[i]] = values[i];
  }
  return W;
}
