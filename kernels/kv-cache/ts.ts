// A tile of keys and values at a time becomes f32; all queries of the head see it before it makes room for the next.
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { QUERIES, scoreFour, scoreOne, weighFour, weighOne } from '../attention-blocks.ts';
import { planeStride } from '../grid/bits.ts';
import { firstInteger } from '../grid/gpu-digits.ts';
import { paddedRows } from '../panels.ts';
import { transformBlocks } from '../transforms/hadamard-ts.ts';
import { BLOCK, blocksOf } from './cache.ts';
import type { KvCacheContext } from './context.ts';

/** Keys of a tile. */
const TILE = 48;

/** Q [heads,M,headDim] f32, K and V [heads,seqLen,headDim] as codes and scales → O [heads,M,headDim] f32. */
export function tsKvCache({
  packed,
  layout,
  problem,
  hadamard,
}: KvCacheContext<undefined>): PreparedKernel<'attention'> {
  const { heads, M, seqLen, headDim, causal } = problem;
  const block = M === 1 ? 1 : QUERIES;
  const rows = paddedRows(M, block);
  const Q = new Float32Array(heads * rows * headDim);
  const turned = hadamard === undefined ? Q : new Float32Array(Q.length);
  const zero = -(firstInteger(layout) ?? 0);
  // V8 reads a Float16Array through a slow path.
  const [decodeKeys, decodeValues] = [packed.K, packed.V].map(({ codes, scales }) =>
    rowDecoder(codes, Float32Array.from(scales), headDim, layout.bits, zero),
  );
  const K = new Float32Array(TILE * headDim);
  const V = new Float32Array(TILE * headDim);
  const S = new Float32Array(block * TILE);
  const maxima = new Float64Array(rows);
  const sums = new Float64Array(rows);
  const accumulators = new Float64Array(rows * headDim);
  const O = new Float32Array(heads * M * headDim);
  const scale = 1 / Math.sqrt(headDim);
  const visibleTo = (row: number) => (causal ? Math.min(seqLen, seqLen - M + row + 1) : seqLen);
  // Views are made once: a run allocates nothing.
  const ofBlocks = Array.from({ length: rows / block }, (_, b) => accumulators.subarray(b * block * headDim));

  function attendTile(head: number, from: number, count: number): void {
    decodeKeys(head * seqLen + from, count, K);
    decodeValues(head * seqLen + from, count, V);
    for (let b = 0; b < ofBlocks.length; b++) {
      const row = b * block;
      if (visibleTo(row + block - 1) <= from) continue;
      const q = (head * rows + row) * headDim;
      if (block === 1) scoreOne(turned, q, K, 0, count, headDim, scale, S);
      else scoreFour(turned, q, K, 0, count, headDim, scale, S, TILE);
      for (let i = 0; i < block; i++) {
        weighScores(i * TILE, row + i, Math.max(0, Math.min(count, visibleTo(row + i) - from)), count);
      }
      if (block === 1) weighOne(S, V, 0, count, headDim, ofBlocks[b]);
      else weighFour(S, TILE, V, 0, count, headDim, ofBlocks[b]);
    }
  }

  /** Scores of a row from `at` on become weights; a new maximum shrinks what was gathered under the old one. */
  function weighScores(at: number, row: number, visible: number, count: number): void {
    let max = maxima[row];
    for (let j = at; j < at + visible; j++) max = Math.max(max, S[j]);
    if (max > maxima[row]) {
      const shrink = Math.exp(maxima[row] - max);
      sums[row] *= shrink;
      for (let d = row * headDim; d < (row + 1) * headDim; d++) accumulators[d] *= shrink;
      maxima[row] = max;
    }
    let sum = 0;
    for (let j = at; j < at + visible; j++) {
      S[j] = Math.exp(S[j] - max);
      sum += S[j];
    }
    S.fill(0, at + visible, at + count);
    sums[row] += sum;
  }

  function attendHead(head: number): void {
    maxima.fill(Number.NEGATIVE_INFINITY);
    sums.fill(0);
    accumulators.fill(0);
    for (let from = 0; from < seqLen; from += TILE) attendTile(head, from, Math.min(TILE, seqLen - from));
    for (let i = 0; i < M * headDim; i++) {
      O[head * M * headDim + i] = accumulators[i] / sums[Math.floor(i / headDim)];
    }
  }

  return {
    upload(activations) {
      for (let head = 0; head < heads; head++) {
        Q.set(activations.Q.subarray(head * M * headDim, (head + 1) * M * headDim), head * rows * headDim);
      }
    },
    run() {
      if (hadamard !== undefined) {
        turned.set(Q);
        transformBlocks(turned, hadamard);
      }
      for (let head = 0; head < heads; head++) attendHead(head);
    },
    readOutput: () => O,
    workspaceBytes:
      K.byteLength +
      V.byteLength +
      S.byteLength +
      maxima.byteLength +
      sums.byteLength +
      accumulators.byteLength +
      4 * (packed.K.scales.length + packed.V.scales.length) +
      (hadamard === undefined ? 0 : turned.byteLength),
    dispose() {},
  };
}

/** Puts rows first … first + count − 1 into `into`, one after another; `factors` are their scales. */
export function rowDecoder(codes: Uint8Array, factors: Float32Array, headDim: number, bits: number, zero: number) {
  const stride = planeStride(headDim, bits);
  const decodeRow = bits === 8 ? decodeBytes : decodeHalfBytes;
  return (first: number, count: number, into: Float32Array) => {
    for (let j = 0; j < count; j++) decodeRow(codes, factors, first + j, stride, zero, headDim, into, j * headDim);
  };
}

function decodeBytes(
  codes: Uint8Array,
  scales: Float32Array,
  row: number,
  stride: number,
  zero: number,
  headDim: number,
  into: Float32Array,
  at: number,
): void {
  let scale = row * blocksOf({ headDim });
  let from = row * stride;
  for (let start = at; start < at + headDim; start += BLOCK) {
    const end = Math.min(start + BLOCK, at + headDim);
    const factor = scales[scale++];
    for (let i = start; i < end; i++) into[i] = factor * (codes[from++] - zero);
  }
}

function decodeHalfBytes(
  codes: Uint8Array,
  scales: Float32Array,
  row: number,
  stride: number,
  zero: number,
  headDim: number,
  into: Float32Array,
  at: number,
): void {
  let scale = row * blocksOf({ headDim });
  let from = row * stride;
  for (let start = at; start < at + headDim; start += BLOCK) {
    const end = Math.min(start + BLOCK, at + headDim);
    const factor = scales[scale++];
    for (let i = start; i < end; i += 2) {
      const pair = codes[from++];
      into[i] = factor * ((pair & 15) - zero);
      if (i + 1 < end) into[i + 1] = factor * ((pair >> 4) - zero);
    }
  }
}
