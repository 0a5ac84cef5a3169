// A cache in WebAssembly's memory: blocks as tiles.gen.ts reads them, those of keys [heads][fours][groups] and those of values
// [heads][groups][fours].
import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import { fromBits } from '../grid/bits.ts';
import { firstInteger } from '../grid/gpu-digits.ts';
import type { GridLayout } from '../grid/layout.ts';
import { KEYS, SCALES_BYTES } from './blocks.ts';
import { BLOCK, blocksOf, matrixOf, type QuantizedKeyValues, type QuantizedRows, storedBytesOf } from './cache.ts';

export interface PlacedCache {
  readonly K: number;
  readonly V: number;
  /** What blocks take beyond the cache, where sizes are not multiples of theirs. */
  readonly excessBytes: number;
}

export function placeCache(
  module: WasmModule,
  packed: QuantizedKeyValues,
  layout: GridLayout,
  problem: AttentionProblem,
): PlacedCache {
  const groups = blocksOf(problem);
  const fours = Math.ceil(problem.seqLen / KEYS);
  const blockBytes = SCALES_BYTES + (KEYS * BLOCK * layout.bits) / 8;
  const byteLength = problem.heads * groups * fours * blockBytes;
  const place = (rows: QuantizedRows, at: number, blockOf: (four: number, group: number) => number) => {
    const start = (four: number, group: number) => blockOf(four, group) * blockBytes;
    fillBlocks(rows, layout, problem, start, module.u8(at, byteLength));
  };
  const [K, V] = [module.allocate(byteLength), module.allocate(byteLength)];
  place(packed.K, K, (four, group) => four * groups + group);
  place(packed.V, V, (four, group) => (four - (four % fours)) * groups + group * fours + (four % fours));
  return { K, V, excessBytes: 2 * byteLength - storedBytesOf(packed) };
}

/** `start` is where a group of four keys begins, fours counted over all heads. */
function fillBlocks(
  { codes, scales }: QuantizedRows,
  layout: GridLayout,
  problem: AttentionProblem,
  start: (four: number, group: number) => number,
  into: Uint8Array,
): void {
  const { seqLen, headDim } = problem;
  const { N } = matrixOf(problem);
  const groups = blocksOf(problem);
  const fours = Math.ceil(seqLen / KEYS);
  const all = fromBits(codes, N, headDim, layout.bits);
  const scaleBits = new Uint8Array(scales.slice().buffer);
  const first = firstInteger(layout) ?? 0;
  for (let row = 0; row < N; row++) {
    const key = row % seqLen;
    const four = Math.floor(row / seqLen) * fours + Math.floor(key / KEYS);
    for (let group = 0; group < groups; group++) {
      const block = start(four, group);
      const scale = 2 * (row * groups + group);
      into.set(scaleBits.subarray(scale, scale + 2), block + 2 * (key % KEYS));
      const at = block + SCALES_BYTES + ((key % KEYS) * BLOCK * layout.bits) / 8;
      const from = row * headDim + group * BLOCK;
      const length = Math.min(BLOCK, headDim - group * BLOCK);
      for (let i = 0; i < length; i++) {
        const value = all[from + i] + first;
        if (layout.bits === 8) into[at + i] = value & 255;
        else into[at + (i & 15)] |= (value & 15) << ((i >> 4) * 4);
      }
    }
  }
}
