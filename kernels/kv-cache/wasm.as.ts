// Attention over a cache of blocks by tiles of keys with an online softmax. One query reads the blocks as they are; for more, the
// blocks of a tile become f32 once for all queries that share a pass over the keys. Blocks are as tiles.gen.ts has them.
import {
  addScaled, fill, HIDDEN, hideKeys, packQueries, powerOfTwo, queryScale, raiseMaxima, raiseReference, scaleRow,
  storeQueries, sumOf, writeConstants,
} from '../naive-attention/query-panel.as';
import { CONSTANTS_BYTES, KEYS, MOST_INTEGER_BITS, SCALES_BYTES } from './blocks';
import { expandBlock, exponentials, scoreBlocks, scoreKeys, scoreTwo, weighBlocks, weighKeys, weighTwo } from './tiles';

export { hadamardBlocks } from '../transforms/hadamard.as';

export const BLOCK: i32 = 32;
const MR: i32 = 6;
const MASKS: i32 = 32;

export function blockBytesOf(bits: i32): i32 {
  return (bits <= MOST_INTEGER_BITS ? SCALES_BYTES : 0) + KEYS * BLOCK * bits / 8;
}

// Constants of the exponentials; then four masks that each take four bytes to the upper ends of 32 bits, one of the upper halves of
// bytes, one of the bits of an f16 where f32 has them, and what these must be multiplied with
export function writeAll(at: usize): void {
  writeConstants(at);
  const masks = at + MASKS;
  for (let i = 0; i < 64; i++) store<u8>(masks + i, (i & 3) == 3 ? i >> 2 : 0x80);
  memory.fill(masks + 64, 0xf0, 16);
  for (let i: usize = 0; i < 16; i += 4) store<u32>(masks + 80 + i, 0x8fffe000);
  v128.store(masks + 96, f32x4.splat(reinterpret<f32>((127 + 112) << 23)));
}

// Decode (M = 1): one entry of [0, threads) is a thread, with scratchBytes of its own: constants, decay, maxima [NR], s [tile].
// `taken` counts the parts that a thread has taken: 0 at first. The keys of a head are cut into as many parts whatever the number
// of threads, which so has no say in how sums are rounded.
// q [heads][groups·32], K [heads][fours = ceil(seqLen/4)][groups], V [heads][groups][fours] of blocks
// → partials [heads][parts] of reference, sums [NR], o [groups·32], which is a power of two too large
export function decode(
  from: i32, to: i32, taken: usize, scratch: usize, scratchBytes: i32, partials: usize, q: usize, K: usize, V: usize,
  heads: i32, parts: i32, seqLen: i32, headDim: i32, groups: i32, tile: i32, keyBits: i32, valueBits: i32, NR: i32,
): void {
  const fours = (seqLen + KEYS - 1) / KEYS * groups;
  const tiles = (seqLen + tile - 1) / tile;
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    writeAll(own);
    for (let item = atomic.add<i32>(taken, 1); item < heads * parts; item = atomic.add<i32>(taken, 1)) {
      const head = item / parts;
      const part = item % parts;
      const partial = partials + ((item * (2 * NR + groups * BLOCK)) << 2);
      decodePart(own, partial, q + ((head * groups * BLOCK) << 2), K + head * fours * blockBytesOf(keyBits),
        V + head * fours * blockBytesOf(valueBits), tiles * part / parts * tile,
        min(seqLen, tiles * (part + 1) / parts * tile), seqLen, headDim, groups, tile, keyBits, valueBits, NR);
    }
  }
}

// The keys start … end of one head, which has room for seqLen
export function decodePart(
  scratch: usize, partial: usize, q: usize, K: usize, V: usize, start: i32, end: i32, seqLen: i32, headDim: i32,
  groups: i32, tile: i32, keyBits: i32, valueBits: i32, NR: i32,
): void {
  const masks = scratch + MASKS;
  const decay = scratch + CONSTANTS_BYTES;
  const maxima = decay + (NR << 2);
  const s = maxima + (NR << 2);
  const sums = partial + (NR << 2);
  const o = sums + (NR << 2);
  const scale = queryScale(headDim);
  const groupBytes = (seqLen + KEYS - 1) / KEYS * blockBytesOf(valueBits);
  let highest: f32 = HIDDEN;
  fill(partial, NR, HIDDEN);
  memory.fill(sums, 0, (NR + groups * BLOCK) << 2);
  for (let first = start; first < end; first += tile) {
    const keys = min(tile, end - first);
    const fours = (keys + KEYS - 1) / KEYS;
    const panels = (keys + NR - 1) / NR;
    scoreBlocks(keyBits, K + first / KEYS * groups * blockBytesOf(keyBits), groups, fours, q, s, masks);
    highest = max(highest, scaleRow(s, panels, keys, scale, NR));
    fill(maxima, NR, highest);
    raiseReference(maxima, partial, decay, sums, NR);
    exponentials(s, panels, partial, sums, scratch);
    const at = V + first / KEYS * blockBytesOf(valueBits);
    for (let g = 0; g < groups; g++) {
      weighBlocks(valueBits, at + g * groupBytes, fours, s, o + ((g * BLOCK) << 2), load<f32>(decay), masks);
    }
  }
}

// The same for two queries [2][groups·32] of the same keys, whose partials lie partialBytes apart; scratch has decay and maxima for
// each, then s [2][tile]
export function decodeTwo(
  scratch: usize, partial: usize, partialBytes: i32, q: usize, K: usize, V: usize, start: i32, end: i32, seqLen: i32,
  headDim: i32, groups: i32, tile: i32, keyBits: i32, valueBits: i32, NR: i32,
): void {
  const masks = scratch + MASKS;
  const decays = scratch + CONSTANTS_BYTES;
  const s = decays + ((4 * NR) << 2);
  const ldS = tile << 2;
  const o = partial + ((2 * NR) << 2);
  const groupBytes = (seqLen + KEYS - 1) / KEYS * blockBytesOf(valueBits);
  for (let r = 0; r < 2; r++) {
    const own = partial + r * partialBytes;
    fill(own, NR, HIDDEN);
    memory.fill(own + (NR << 2), 0, (NR + groups * BLOCK) << 2);
    fill(decays + (((2 * r + 1) * NR) << 2), NR, HIDDEN);
  }
  for (let first = start; first < end; first += tile) {
    const keys = min(tile, end - first);
    const fours = (keys + KEYS - 1) / KEYS;
    const panels = (keys + NR - 1) / NR;
    scoreTwo(keyBits, K + first / KEYS * groups * blockBytesOf(keyBits), groups, fours, q, s, ldS, masks);
    for (let r = 0; r < 2; r++) {
      const own = partial + r * partialBytes;
      const decay = decays + ((2 * r * NR) << 2);
      const maxima = decay + (NR << 2);
      const highest = scaleRow(s + r * ldS, panels, keys, queryScale(headDim), NR);
      fill(maxima, NR, max(load<f32>(maxima), highest));
      raiseReference(maxima, own, decay, own + (NR << 2), NR);
      exponentials(s + r * ldS, panels, own, own + (NR << 2), scratch);
    }
    const at = V + first / KEYS * blockBytesOf(valueBits);
    for (let g = 0; g < groups; g++) {
      weighTwo(valueBits, at + g * groupBytes, fours, s, ldS, o + ((g * BLOCK) << 2), partialBytes, load<f32>(decays),
        load<f32>(decays + ((2 * NR) << 2)), masks);
    }
  }
}

// partials as `decode` leaves them → O [heads][groups·32]; heads from … to
export function combine(
  from: i32, to: i32, partials: usize, parts: i32, groups: i32, valueBits: i32, O: usize, NR: i32,
): void {
  const dims = groups * BLOCK;
  for (let head = from; head < to; head++) {
    combineHead(partials + ((head * parts * (2 * NR + dims)) << 2), parts, groups, valueBits, O + ((head * dims) << 2), NR);
  }
}

// partials [parts] → o [groups·32]
export function combineHead(partials: usize, parts: i32, groups: i32, valueBits: i32, o: usize, NR: i32): void {
  const dims = groups * BLOCK;
  const bytes = (2 * NR + dims) << 2;
  const unit: f32 = valueBits == 8 ? 1.0 / 16777216 : valueBits == 4 ? 1.0 / 268435456 : 1;
  let highest: f32 = HIDDEN;
  for (let part = 0; part < parts; part++) highest = max(highest, load<f32>(partials + part * bytes));
  memory.fill(o, 0, dims << 2);
  let sum: f32 = 0;
  for (let part = 0; part < parts; part++) {
    const partial = partials + part * bytes;
    const weight = powerOfTwo(load<f32>(partial) - highest);
    sum += weight * sumOf(partial + (NR << 2), NR);
    addScaled(partial + ((2 * NR) << 2), dims, weight * unit, o);
  }
  for (let at = 0; at < dims << 2; at += 16) v128.store(o + at, f32x4.div(v128.load(o + at), f32x4.splat(sum)));
}

// One entry of [0, threads) is a thread, with scratchBytes of its own: constants, decay [NR], s [tile][NR], rows [tile][groups·32],
// keys and values [tile][headDim], and for each of the panels that share a pass over the keys maxima, reference, sums [NR], queries
// and o [headDim][NR]. `taken` counts the groups of such panels that a thread has taken: 0 at first.
// Q [heads][M][headDim], K and V as for `decode` → O [heads][M][headDim]
export function attend(
  from: i32, to: i32, taken: usize, scratch: usize, scratchBytes: i32, Q: usize, K: usize, V: usize, O: usize, heads: i32,
  M: i32, seqLen: i32, headDim: i32, causal: i32, groups: i32, tile: i32, panels: i32, keyBits: i32, valueBits: i32, NR: i32,
): void {
  const runs = (M + panels * NR - 1) / (panels * NR);
  const fours = (seqLen + KEYS - 1) / KEYS * groups;
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    writeAll(own);
    for (let item = atomic.add<i32>(taken, 1); item < heads * runs; item = atomic.add<i32>(taken, 1)) {
      const head = item / runs;
      // From the last run to the first: a causal problem's later ones see more keys, and threads end together where what is
      // taken last is small.
      const first = (runs - 1 - item % runs) * panels * NR;
      const q = ((head * M + first) * headDim) << 2;
      attendRun(own, Q + q, K + head * fours * blockBytesOf(keyBits), V + head * fours * blockBytesOf(valueBits), O + q,
        min(panels * NR, M - first), causal ? seqLen - M + first + 1 : seqLen, seqLen, headDim, causal, groups, tile, keyBits,
        valueBits, NR);
    }
  }
}

// Q, O [rows][headDim]; the first of the rows sees `visible` keys of those that there is room for
export function attendRun(
  scratch: usize, Q: usize, K: usize, V: usize, O: usize, rows: i32, visible: i32, seqLen: i32, headDim: i32, causal: i32,
  groups: i32, tile: i32, keyBits: i32, valueBits: i32, NR: i32,
): void {
  const masks = scratch + MASKS;
  const expanded = scratch + CONSTANTS_BYTES + ((NR + tile * NR) << 2);
  const k = expanded + ((tile * groups * BLOCK) << 2);
  const v = k + ((tile * headDim) << 2);
  const state = v + ((tile * headDim) << 2);
  const stateBytes = ((3 + 2 * headDim) * NR) << 2;
  const keyBytes = blockBytesOf(keyBits);
  const valueBytes = blockBytesOf(valueBits);
  const groupBytes = (seqLen + KEYS - 1) / KEYS * valueBytes;
  const scale = queryScale(headDim);
  let at = state;
  for (let r = 0; r < rows; r += NR) {
    fill(at, 2 * NR, HIDDEN);
    fill(at + ((2 * NR) << 2), NR, 0);
    packQueries(Q + ((r * headDim) << 2), min(NR, rows - r), headDim, scale, NR, at + ((3 * NR) << 2));
    memory.fill(at + (((3 + headDim) * NR) << 2), 0, (headDim * NR) << 2);
    at += stateBytes;
  }
  const end = causal ? visible + rows - 1 : seqLen;
  for (let first = 0; first < end; first += tile) {
    const keys = min(tile, seqLen - first);
    const four = first / KEYS;
    expandTile(K + four * groups * keyBytes, groups * keyBytes, keyBytes, keys, groups, keyBits, expanded, masks);
    keyPanels(expanded, keys, groups * BLOCK, headDim, k);
    expandTile(V + four * valueBytes, valueBytes, groupBytes, keys, groups, valueBits, expanded, masks);
    valuePanels(expanded, keys, groups * BLOCK, headDim, v);
    at = state;
    for (let r = 0; r < rows; r += NR) {
      const last = causal ? min(seqLen, visible + min(r + NR, rows) - 1) : seqLen;
      if (first < last) {
        attendTile(scratch, at, k, v, keys, min(keys, last - first), causal ? visible + r - first : keys, headDim, NR);
      }
      at += stateBytes;
    }
  }
  at = state;
  for (let r = 0; r < rows; r += NR) {
    storeQueries(at + (((3 + headDim) * NR) << 2), at + ((2 * NR) << 2), min(NR, rows - r), headDim, NR,
      O + ((r * headDim) << 2));
    at += stateBytes;
  }
}

// Blocks of fours of keys and of groups so many bytes apart → rows [keys, rounded up to whole fours][groups·32]
function expandTile(
  blocks: usize, fourBytes: i32, groupBytes: i32, keys: i32, groups: i32, bits: i32, rows: usize, masks: usize,
): void {
  const rowBytes = (groups * BLOCK) << 2;
  for (let j = 0; j < keys; j += KEYS) {
    for (let g = 0; g < groups; g++) {
      expandBlock(bits, blocks + j / KEYS * fourBytes + g * groupBytes, rows + j * rowBytes + ((g * BLOCK) << 2), rowBytes,
        masks);
    }
  }
}

// rows [keys][ldR] → panels [ceil(keys/6)][headDim][6], the last as narrow as what is left
function keyPanels(rows: usize, keys: i32, ldR: i32, headDim: i32, panels: usize): void {
  for (let first = 0; first < keys; first += MR) {
    const width = min(MR, keys - first);
    for (let i = 0; i < width; i++) {
      const row = rows + (((first + i) * ldR) << 2);
      let to = panels + ((first * headDim + i) << 2);
      for (let d = 0; d < headDim; d++) {
        store<f32>(to, load<f32>(row + (d << 2)));
        to += width << 2;
      }
    }
  }
}

// rows [keys][ldR] → panels [ceil(headDim/6)][keys][6], the last as narrow as what is left
function valuePanels(rows: usize, keys: i32, ldR: i32, headDim: i32, panels: usize): void {
  for (let d = 0; d < headDim; d += MR) {
    const width = min(MR, headDim - d);
    const panel = panels + ((d * keys) << 2);
    for (let j = 0; j < keys; j++) {
      const from = rows + ((j * ldR + d) << 2);
      const to = panel + ((j * width) << 2);
      if (width == MR) {
        v128.store(to, v128.load(from));
        store<u64>(to, load<u64>(from, 16), 16);
      } else {
        for (let i = 0; i < width; i++) store<f32>(to + (i << 2), load<f32>(from + (i << 2)));
      }
    }
  }
}

// K [ceil(keys/6)][headDim][6], V [ceil(headDim/6)][keys][6]; the panel's last query sees `count` keys of the tile, its first
// `visible`
function attendTile(
  scratch: usize, state: usize, K: usize, V: usize, keys: i32, count: i32, visible: i32, headDim: i32, NR: i32,
): void {
  const decay = scratch + CONSTANTS_BYTES;
  const s = decay + (NR << 2);
  const reference = state + (NR << 2);
  const sums = reference + (NR << 2);
  const queries = sums + (NR << 2);
  // Whole panels of keys are scored: first those that all queries see, then those that some don't.
  const scored = min(keys, (count + MR - 1) / MR * MR);
  const clear = visible < scored ? max(0, visible) / MR * MR : scored;
  const rest = s + ((clear * NR) << 2);
  scoreKeys(K, queries, clear, headDim, s, state);
  if (clear < scored) {
    scoreKeys(K + ((clear * headDim) << 2), queries, scored - clear, headDim, rest, decay);
    hideKeys(rest, scored - clear, visible - clear, NR, HIDDEN);
    raiseMaxima(rest, scored - clear, NR, state);
  }
  raiseReference(state, reference, decay, sums, NR);
  exponentials(s, count, reference, sums, scratch);
  if (clear < scored) hideKeys(rest, scored - clear, visible - clear, NR, 0);
  weighKeys(V, keys, s, count, headDim, queries + ((headDim * NR) << 2), decay);
}
