import type { MatmulProblem } from '../../bench/contract/problem.ts';

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

/** Keeps the (1 − sparsity)·N·K weights of largest magnitude of W [N,K]; exact zeros are never stored. */
export function packCsr(W: Float32Array, { N, K }: MatmulProblem, sparsity: number): CsrWeights {
  const keep = magnitudeMask(W, Math.round((1 - sparsity) * N * K));
  const rowPtr = new Uint32Array(N + 1);
  for (let n = 0; n < N; n++) {
    let count = 0;
    for (let i = n * K; i < (n + 1) * K; i++) count += keep[i];
    rowPtr[n + 1] = rowPtr[n] + count;
  }
  const values = new Float32Array(rowPtr[N]);
  const colIdx = K <= U16_COLUMNS ? new Uint16Array(rowPtr[N]) : new Uint32Array(rowPtr[N]);
  for (let i = 0, at = 0; i < keep.length; i++) {
    if (keep[i] === 0) continue;
    values[at] = W[i];
    colIdx[at++] = i % K;
  }
  return { values, colIdx, rowPtr };
}

/** W [N,K] with the pruned entries as zeros. */
export function unpackCsr({ values, colIdx, rowPtr }: CsrWeights, { N, K }: MatmulProblem): Float32Array {
  const W = new Float32Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let i = rowPtr[n]; i < rowPtr[n + 1]; i++) W[n * K + colIdx[i]] = values[i];
  }
  return W;
}

/** 1 for the `count` entries of largest magnitude that aren't zero, 0 for the others; of equals the first are kept. */
function magnitudeMask(W: Float32Array, count: number): Uint8Array {
  const mask = new Uint8Array(W.length);
  if (count === 0) return mask;
  const magnitudes = W.map(Math.abs).sort();
  const threshold = magnitudes[W.length - count];
  let atThreshold = 0;
  for (let i = W.length - count; i < W.length && magnitudes[i] === threshold; i++) atThreshold++;
  for (let i = 0; i < W.length; i++) {
    const magnitude = Math.abs(W[i]);
    if (magnitude > threshold || (magnitude === threshold && atThreshold-- > 0)) mask[i] = magnitude > 0 ? 1 : 0;
  }
  return mask;
}
