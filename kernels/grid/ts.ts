// Grid weights in plain TypeScript: a row of W is decoded once and multiplied with all rows of X.
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { lowRankProduct } from '../corrections/low-rank-ts.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import { transformBlocks } from '../transforms/hadamard-ts.ts';
import { ACTIVATION_BLOCK, activationScale } from './activations.ts';
import { planeStride, planesOf } from './bits.ts';
import type { ActivationRounding } from './choices.ts';
import type { GridContext } from './context.ts';
import { type GridLayout, groupsOf, minsOf, readChoice, scalesOf } from './layout.ts';
import { type Codes, rowProduct, sumGroups, zeroOf } from './ts-row.ts';

const MR = 8;

/** X [M,K] f32, W [N,K] as codes and scales → Y [M,N] f32, summed in f64. */
export function tsGrid({
  packed,
  grid: { layout },
  problem,
  activations,
  hadamard,
  correction,
}: GridContext<undefined>): PreparedKernel<'matmul'> {
  const { M, N, K } = problem;
  const width = M === 1 ? 1 : MR;
  const X = new Float32Array(M * K);
  const isChanged = activations !== 'f32' || hadamard !== undefined;
  const presented = isChanged ? new Float32Array(M * K) : X;
  const panels = new Float64Array(M === 1 ? 0 : paddedRows(M, MR) * K);
  const row = new Float64Array(M === 1 ? 0 : K);
  const codes = layout.bits === 16 ? new Uint16Array(K) : new Uint8Array(paddedRows(K, 8));
  // V8 reads a Float16Array through a slow path, and scales are few: what is held are f32 of their own.
  const choice = readChoice({ ...packed, codes: new Uint8Array() }, { ...layout, bits: 8 }, problem);
  const scales = scalesOf(choice, layout, problem);
  const mins = minsOf(choice, layout, problem);
  const values = Float64Array.from(layout.values);
  const zero = zeroOf(layout.values);
  const decode = rowDecoder(packed.codes, layout, N, K, codes);
  const sums = new Float64Array(M === 1 ? groupsOf(layout, K) : 0);
  const ofRow = { X: presented, sums, bytes: packed.codes, decode, codes, values, scales, mins, layout, K };
  const productOfRow = M === 1 ? rowProduct(ofRow) : () => 0;
  const padded = new Float32Array(paddedRows(M, width) * N);
  const addCorrection = correction && lowRankProduct(correction, M, N, K);
  return {
    upload: (given) => X.set(given.X),
    run() {
      if (isChanged) presented.set(X);
      if (hadamard !== undefined) transformBlocks(presented, hadamard);
      if (activations !== 'f32') roundRows(presented, K, activations);
      if (M > 1) fillPanels(presented, M, K, MR, panels);
      else sumGroups(presented, layout.group, sums);
      for (let n = 0; n < N; n++) {
        if (M === 1) {
          padded[n] = productOfRow(n);
          continue;
        }
        decode(n);
        scaleRow(codes, values, scales, mins, n, layout, zero, row);
        multiplyPanels(panels, row, padded, n, M, N, K);
      }
      addCorrection?.(presented, padded);
    },
    readOutput: () => padded.subarray(0, M * N),
    workspaceBytes:
      panels.byteLength +
      row.byteLength +
      codes.byteLength +
      sums.byteLength +
      values.byteLength +
      scales.byteLength +
      (mins?.byteLength ?? 0) +
      (isChanged ? presented.byteLength : 0) +
      (correction === undefined ? 0 : (8 * M * correction.down.length) / K) +
      padded.byteLength -
      4 * M * N,
    dispose() {},
  };
}

/** Puts the codes of row n into `row`. */
function rowDecoder(codes: Uint8Array, { bits }: GridLayout, N: number, K: number, row: Codes) {
  const [plane, upper] = planesOf(bits);
  const stride = planeStride(K, plane);
  if (plane === 1.6) return (n: number) => decodeTrits(codes, n * stride, K, row);
  if (plane === 16) {
    const words = new Uint16Array(codes.buffer, codes.byteOffset, N * K);
    return (n: number) => row.set(words.subarray(n * K, (n + 1) * K));
  }
  if (plane === 8) return (n: number) => row.set(codes.subarray(n * K, (n + 1) * K));
  if (upper === undefined) return (n: number) => decodePlane(codes, n * stride, K, plane, row);
  const upperStride = planeStride(K, upper);
  return (n: number) => {
    decodePlane(codes, n * stride, K, plane, row);
    addPlane(codes, N * stride + n * upperStride, K, upper, plane, row);
  };
}

/** `row` has room for the codes of the last byte, whether there are so many or not. */
function decodePlane(codes: Uint8Array, from: number, K: number, bits: number, row: Codes): void {
  for (let k = 0, at = from; k < K; at++) {
    const byte = codes[at];
    if (bits === 4) {
      row[k] = byte & 15;
      row[k + 1] = byte >> 4;
      k += 2;
    } else {
      row[k] = byte & 3;
      row[k + 1] = (byte >> 2) & 3;
      row[k + 2] = (byte >> 4) & 3;
      row[k + 3] = byte >> 6;
      k += 4;
    }
  }
}

/** Adds the upper plane, of one or two bits. */
function addPlane(codes: Uint8Array, from: number, K: number, bits: number, shift: number, row: Codes): void {
  for (let k = 0, at = from; k < K; at++) {
    const byte = codes[at];
    if (bits === 2) {
      row[k] |= (byte & 3) << shift;
      row[k + 1] |= ((byte >> 2) & 3) << shift;
      row[k + 2] |= ((byte >> 4) & 3) << shift;
      row[k + 3] |= (byte >> 6) << shift;
      k += 4;
    } else {
      for (let bit = 0; bit < 8; bit++) row[k + bit] |= ((byte >> bit) & 1) << shift;
      k += 8;
    }
  }
}

function decodeTrits(codes: Uint8Array, from: number, K: number, row: Codes): void {
  for (let k = 0, byte = from; k < K; byte++) {
    let rest = codes[byte];
    for (let i = 0; i < 5 && k < K; i++, k++) {
      const above = Math.floor(rest / 3);
      row[k] = rest - 3 * above;
      rest = above;
    }
  }
}

/** Codes of row n → its weights; `zero` is the code of 0 where codes count up. */
function scaleRow(
  codes: Codes,
  values: Float64Array,
  scales: Float32Array,
  mins: Float32Array | undefined,
  n: number,
  layout: GridLayout,
  zero: number | undefined,
  row: Float64Array,
): void {
  const K = row.length;
  const groups = groupsOf(layout, K);
  for (let g = 0; g < groups; g++) {
    const scale = scales[n * groups + g];
    const min = mins === undefined ? 0 : mins[n * groups + g];
    const end = Math.min(K, (g + 1) * layout.group);
    const from = g * layout.group;
    if (zero === undefined) for (let k = from; k < end; k++) row[k] = scale * values[codes[k]] - min;
    else for (let k = from; k < end; k++) row[k] = scale * (codes[k] - zero) - min;
  }
}

function roundRows(X: Float32Array, K: number, rounding: ActivationRounding): void {
  const block = rounding === 'int8' ? K : ACTIVATION_BLOCK;
  for (let row = 0; row < X.length; row += K) {
    for (let from = row; from < row + K; from += block) {
      const to = Math.min(row + K, from + block);
      const scale = activationScale(X, from, to);
      for (let k = from; k < to; k++) X[k] = scale === 0 ? 0 : scale * Math.floor(X[k] / scale + 0.5);
    }
  }
}

/** Column n of Y: one row of W against eight rows of X at a time. */
function multiplyPanels(
  X: Float64Array,
  row: Float64Array,
  Y: Float32Array,
  n: number,
  M: number,
  N: number,
  K: number,
) {
  for (let m = 0; m < M; m += MR) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let a4 = 0;
    let a5 = 0;
    let a6 = 0;
    let a7 = 0;
    let x = m * K;
    for (let k = 0; k < K; k++) {
      const w = row[k];
      a0 += w * X[x];
      a1 += w * X[x + 1];
      a2 += w * X[x + 2];
      a3 += w * X[x + 3];
      a4 += w * X[x + 4];
      a5 += w * X[x + 5];
      a6 += w * X[x + 6];
      a7 += w * X[x + 7];
      x += MR;
    }
    const y = m * N + n;
    Y[y] = a0;
    Y[y + N] = a1;
    Y[y + 2 * N] = a2;
    Y[y + 3 * N] = a3;
    Y[y + 4 * N] = a4;
    Y[y + 5 * N] = a5;
    Y[y + 6 * N] = a6;
    Y[y + 7 * N] = a7;
  }
}
