import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { QUERIES, scoreFour, scoreOne, weighFour, weighOne } from '../attention-blocks.ts';
import { paddedRows } from '../panels.ts';
import type { KeyValues } from './key-values.ts';

/** Q [heads,M,headDim], K and V [heads,seqLen,headDim] f32 → O [heads,M,headDim] f32; scores [M,seqLen] of a head are kept. */
export function tsNaiveAttention({
  packed: { K, V },
  problem: { heads, M, seqLen, headDim, causal },
}: KernelContext<'attention', KeyValues, unknown, undefined>): PreparedKernel<'attention'> {
  const block = M === 1 ? 1 : QUERIES;
  const rows = paddedRows(M, block);
  const Q = new Float32Array(heads * rows * headDim);
  const S = new Float32Array(rows * seqLen);
  const sums = new Float64Array(rows);
  const accumulators = new Float64Array(block * headDim);
  const O = new Float32Array(heads * M * headDim);
  const scale = 1 / Math.sqrt(headDim);
  const visibleTo = (row: number) => (causal ? Math.min(seqLen, seqLen - M + row + 1) : seqLen);
  // Views are made once: a run allocates nothing.
  const scoreRows = Array.from({ length: rows / block }, (_, b) => S.subarray(b * block * seqLen));

  function scoreHead(head: number): void {
    for (let b = 0; b < scoreRows.length; b++) {
      const row = b * block;
      const q = (head * rows + row) * headDim;
      const key = head * seqLen * headDim;
      const count = visibleTo(row + block - 1);
      if (block === 1) scoreOne(Q, q, K, key, count, headDim, scale, scoreRows[b]);
      else scoreFour(Q, q, K, key, count, headDim, scale, scoreRows[b], seqLen);
    }
  }

  function softmaxHead(): void {
    for (let row = 0; row < rows; row++) {
      sums[row] = softmaxRow(S, row * seqLen, visibleTo(row), seqLen);
    }
  }

  function weighHead(head: number): void {
    for (let b = 0; b < scoreRows.length; b++) {
      const row = b * block;
      const value = head * seqLen * headDim;
      const count = visibleTo(row + block - 1);
      accumulators.fill(0);
      if (block === 1) weighOne(scoreRows[b], V, value, count, headDim, accumulators);
      else weighFour(scoreRows[b], seqLen, V, value, count, headDim, accumulators);
      for (let i = 0; i < Math.min(block, M - row) * headDim; i++) {
        O[(head * M + row) * headDim + i] = accumulators[i] / sums[row + Math.floor(i / headDim)];
      }
    }
  }

  return {
    upload(activations) {
      for (let head = 0; head < heads; head++) {
        Q.set(activations.Q.subarray(head * M * headDim, (head + 1) * M * headDim), head * rows * headDim);
      }
    },
    run() {
      for (let head = 0; head < heads; head++) {
        scoreHead(head);
        softmaxHead();
        weighHead(head);
      }
    },
    readOutput: () => O,
    workspaceBytes: S.byteLength + sums.byteLength + accumulators.byteLength,
    dispose() {},
  };
}

/** S[from … from+count) → exp(s − max), zeros up to `length`; returns their sum. */
function softmaxRow(S: Float32Array, from: number, count: number, length: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let j = from; j < from + count; j++) max = Math.max(max, S[j]);
  let sum = 0;
  for (let j = from; j < from + count; j++) {
    S[j] = Math.exp(S[j] - max);
    sum += S[j];
  }
  S.fill(0, from + count, from + length);
  return sum;
}
