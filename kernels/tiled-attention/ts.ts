import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { QUERIES, scoreFour, scoreOne, weighFour, weighOne } from '../attention-blocks.ts';
import type { KeyValues } from '../naive-attention/key-values.ts';
import { paddedRows } from '../panels.ts';

interface TileParams {
  readonly tileSize: number;
}

/** Q [heads,M,headDim], K and V [heads,seqLen,headDim] f32 → O [heads,M,headDim] f32; scores [4,tileSize] are kept. */
export function tsTiledAttention({
  packed: { K, V },
  problem: { heads, M, seqLen, headDim, causal },
  params: { tileSize },
}: KernelContext<'attention', KeyValues, TileParams, undefined>): PreparedKernel<'attention'> {
  const block = M === 1 ? 1 : QUERIES;
  const rows = paddedRows(M, block);
  const Q = new Float32Array(heads * rows * headDim);
  const S = new Float32Array(block * tileSize);
  const maxima = new Float64Array(block);
  const sums = new Float64Array(block);
  const accumulators = new Float64Array(block * headDim);
  const O = new Float32Array(heads * M * headDim);
  const scale = 1 / Math.sqrt(headDim);
  const visibleTo = (row: number) => (causal ? Math.min(seqLen, seqLen - M + row + 1) : seqLen);

  function attendTile(head: number, row: number, from: number, count: number): void {
    const q = (head * rows + row) * headDim;
    const at = (head * seqLen + from) * headDim;
    if (block === 1) scoreOne(Q, q, K, at, count, headDim, scale, S);
    else scoreFour(Q, q, K, at, count, headDim, scale, S, tileSize);
    for (let b = 0; b < block; b++) rescale(b, Math.min(count, visibleTo(row + b) - from), count);
    if (block === 1) weighOne(S, V, at, count, headDim, accumulators);
    else weighFour(S, tileSize, V, at, count, headDim, accumulators);
  }

  /** Turns query b's scores of a tile into weights; a new maximum shrinks what was gathered under the old one. */
  function rescale(b: number, visible: number, count: number): void {
    const from = b * tileSize;
    let max = maxima[b];
    for (let j = from; j < from + visible; j++) max = Math.max(max, S[j]);
    if (max > maxima[b]) {
      const shrink = Math.exp(maxima[b] - max);
      sums[b] *= shrink;
      for (let d = b * headDim; d < (b + 1) * headDim; d++) accumulators[d] *= shrink;
      maxima[b] = max;
    }
    let sum = 0;
    for (let j = from; j < from + visible; j++) {
      S[j] = Math.exp(S[j] - max);
      sum += S[j];
    }
    for (let j = from + Math.max(0, visible); j < from + count; j++) S[j] = 0;
    sums[b] += sum;
  }

  return {
    upload(activations) {
      for (let head = 0; head < heads; head++) {
        Q.set(activations.Q.subarray(head * M * headDim, (head + 1) * M * headDim), head * rows * headDim);
      }
    },
    run() {
      for (let head = 0; head < heads; head++) {
        for (let row = 0; row < rows; row += block) {
          maxima.fill(Number.NEGATIVE_INFINITY);
          sums.fill(0);
          accumulators.fill(0);
          const visible = visibleTo(row + block - 1);
          for (let from = 0; from < visible; from += tileSize) {
            attendTile(head, row, from, Math.min(tileSize, visible - from));
          }
          for (let i = 0; i < Math.min(block, M - row) * headDim; i++) {
            O[(head * M + row) * headDim + i] = accumulators[i] / sums[Math.floor(i / headDim)];
          }
        }
      }
    },
    readOutput: () => O,
    workspaceBytes: S.byteLength + maxima.byteLength + sums.byteLength + accumulators.byteLength,
    dispose() {},
  };
}
