// Where the WebAssembly kernels of both attentions keep K and V: in panels of 6 for many queries, where a key or a
// dimension is a row of the tile, and in panels of NR for one query, where it is a column.

import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import { fillPanels, paddedRows } from '../panels.ts';
import type { KeyValues } from './key-values.ts';
import { MR } from './tiles.gen.ts';

/** What the exponentials need, as query-panel.as.ts writes it. */
export const CONSTANTS_BYTES = 32;

/**
 * K [heads][ceil(seqLen/6)][headDim][6] and V [heads][blocks of keys][ceil(headDim/6)][block][6], the last panels as
 * narrow as what is left: not a byte more than K and V take.
 */
export function placePanels(module: WasmModule, { K, V }: KeyValues, problem: AttentionProblem, block: number) {
  const at = { K: module.allocate(K.byteLength), V: module.allocate(V.byteLength) };
  fillKeyPanels(K, problem, module.f32(at.K, K.length));
  fillValuePanels(V, problem, block, module.f32(at.V, V.length));
  return at;
}

function fillKeyPanels(K: Float32Array, { heads, seqLen, headDim }: AttentionProblem, panels: Float32Array): void {
  for (let head = 0; head < heads; head++) {
    for (let key = 0; key < seqLen; key += MR) {
      const at = (head * seqLen + key) * headDim;
      const keys = Math.min(MR, seqLen - key);
      fillPanels(K.subarray(at), keys, headDim, keys, panels.subarray(at));
    }
  }
}

function fillValuePanels(
  V: Float32Array,
  { heads, seqLen, headDim }: AttentionProblem,
  block: number,
  panels: Float32Array,
): void {
  let to = 0;
  for (let head = 0; head < heads; head++) {
    for (let first = 0; first < seqLen; first += block) {
      for (let d = 0; d < headDim; d += MR) {
        const dims = Math.min(MR, headDim - d);
        for (let key = first; key < Math.min(first + block, seqLen); key++) {
          const from = (head * seqLen + key) * headDim + d;
          panels.set(V.subarray(from, from + dims), to);
          to += dims;
        }
      }
    }
  }
}

/**
 * K [heads][ceil(seqLen/NR)][headDim][NR] and V [heads][blocks of keys][ceil(headDim/NR)][block][NR], the last block as
 * short as what is left, panels padded with zeros.
 */
export function placeColumns(
  module: WasmModule,
  { K, V }: KeyValues,
  { heads, seqLen, headDim }: AttentionProblem,
  NR: number,
  block: number,
) {
  const keyLength = paddedRows(seqLen, NR) * headDim;
  const valueLength = seqLen * paddedRows(headDim, NR);
  const at = { K: module.allocate(4 * heads * keyLength), V: module.allocate(4 * heads * valueLength) };
  for (let head = 0; head < heads; head++) {
    const from = head * seqLen * headDim;
    fillPanels(K.subarray(from), seqLen, headDim, NR, module.f32(at.K + 4 * head * keyLength, keyLength));
    const columns = module.f32(at.V + 4 * head * valueLength, valueLength);
    fillValueColumns(V.subarray(from), seqLen, headDim, NR, block, columns);
  }
  return { ...at, excessBytes: 4 * heads * (keyLength + valueLength - 2 * seqLen * headDim) };
}

function fillValueColumns(
  V: Float32Array,
  seqLen: number,
  headDim: number,
  NR: number,
  block: number,
  columns: Float32Array,
): void {
  let to = 0;
  for (let first = 0; first < seqLen; first += block) {
    for (let d = 0; d < headDim; d += NR) {
      for (let key = first; key < Math.min(first + block, seqLen); key++) {
        columns.set(V.subarray(key * headDim + d, key * headDim + Math.min(d + NR, headDim)), to);
        to += NR;
      }
    }
  }
}
