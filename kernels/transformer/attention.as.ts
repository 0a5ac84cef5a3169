// Causal attention of a call's queries against a cache of blocks, whose loops are those of kv-cache. Heads of queries share keys in
// groups. One row (decode) reads blocks as they are, several read them a tile at a time.
import { CONSTANTS_BYTES, KEYS } from '../kv-cache/blocks';
import { storeRow } from '../kv-cache/store.as';
import { attendRun, BLOCK, blockBytesOf, combineHead, decodePart, decodeTwo, writeAll } from '../kv-cache/wasm.as';
import { hadamardBlocks } from '../transforms/hadamard.as';
import { PART_KEYS, TILE_KEYS } from './blocks';
import { addTo, rmsScale, scaled } from './norm.as';

// Y [rows][ldY] of heads side by side, to which a bias [heads · headDim] is added and a norm [headDim] applied, where they are given
@unmanaged
class Heads {
  Y: usize;
  ldY: i32;
  bias: usize;
  norm: usize;
}

// What attention of a layer knows, as wasm.ts writes it. Blocks are those of keys [keyHeads][fours = ceil(capacity/4)][groups] and of
// values [keyHeads][groups][fours]; cos and sin [positions][headDim/2]
@unmanaged
class Attention {
  queries: Heads;
  keys: Heads;
  values: Heads;
  heads: i32;
  keyHeads: i32;
  headDim: i32;
  capacity: i32;
  K: usize;
  V: usize;
  keyBits: i32;
  valueBits: i32;
  /** Values that Hadamard's matrix turns together; 0 where none are. */
  hadamard: i32;
  epsilon: usize;
  cos: usize;
  sin: usize;
  NR: i32;
}

@inline
function groupsOf(a: Attention): i32 {
  return (a.headDim + BLOCK - 1) / BLOCK;
}

@inline
function foursOf(a: Attention): i32 {
  return (a.capacity + KEYS - 1) / KEYS;
}

// Constants of each thread from … to
export function writeScratch(from: i32, to: i32, scratch: usize, scratchBytes: i32): void {
  for (let thread = from; thread < to; thread++) writeAll(scratch + thread * scratchBytes);
}

// One head of one row → x [headDim], turned where it has a position
function takeHead(a: Attention, from: Heads, row: i32, head: i32, position: i32, x: usize): void {
  const headDim = a.headDim;
  memory.copy(x, from.Y + ((row * from.ldY + head * headDim) << 2), headDim << 2);
  if (from.bias) addTo(x, from.bias + ((head * headDim) << 2), headDim);
  if (from.norm) scaled(x, headDim, rmsScale(x, headDim, load<f32>(a.epsilon)), from.norm, x);
  if (position < 0) return;
  const half = headDim >> 1;
  turn(x, half, a.cos + ((position * half) << 2), a.sin + ((position * half) << 2));
  if (a.hadamard) hadamardBlocks(0, headDim / a.hadamard, x, x, a.hadamard);
}

// The halves of x [2 · half], each pair turned by an angle of its own
function turn(x: usize, half: i32, cos: usize, sin: usize): void {
  const y = x + (half << 2);
  let at: usize = 0;
  for (; at + 16 <= <usize>half << 2; at += 16) {
    const a = v128.load(x + at);
    const b = v128.load(y + at);
    const c = v128.load(cos + at);
    const s = v128.load(sin + at);
    v128.store(x + at, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    v128.store(y + at, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
  }
  for (; at < <usize>half << 2; at += 4) {
    const a = load<f32>(x + at);
    const b = load<f32>(y + at);
    const c = load<f32>(cos + at);
    const s = load<f32>(sin + at);
    store<f32>(x + at, a * c - b * s);
    store<f32>(y + at, b * c + a * s);
  }
}

// A head's key of a row goes into the cache by way of x [groups·32], zeros past headDim
function storeKey(a: Attention, row: i32, head: i32, position: i32, x: usize): void {
  takeHead(a, a.keys, row, head, position, x);
  const bytes = blockBytesOf(a.keyBits);
  const groups = groupsOf(a);
  const blocks = a.K + (head * foursOf(a) + position / KEYS) * groups * bytes;
  storeRow(a.keyBits, x, groups, blocks, bytes, position % KEYS);
}

function storeValue(a: Attention, row: i32, head: i32, position: i32, x: usize): void {
  takeHead(a, a.values, row, head, -1, x);
  const bytes = blockBytesOf(a.valueBits);
  const groups = groupsOf(a);
  const fours = foursOf(a);
  const blocks = a.V + (head * groups * fours + position / KEYS) * bytes;
  storeRow(a.valueBits, x, groups, blocks, fours * bytes, position % KEYS);
}

// Decode. One entry of [from, to) is a thread, with scratchBytes of its own: constants; of two queries decay, maxima [NR] and s
// [PART_KEYS]; x [2][groups·32] with zeros past headDim. The keys of a head are cut into parts, the same whatever the number of threads; the last one
// takes in the new key. `taken` counts the parts that a thread has taken: 0 at first.
// → partials [heads][parts] as decodePart leaves them
export function attendOne(
  from: i32, to: i32, span: usize, taken: usize, attention: usize, scratch: usize, scratchBytes: i32, partials: usize,
): void {
  const a = changetype<Attention>(attention);
  const position = load<i32>(span, 4);
  const groups = groupsOf(a);
  const blocks = foursOf(a) * groups;
  const parts = position / PART_KEYS + 1;
  const group = a.heads / a.keyHeads;
  const bytes = (2 * a.NR + groups * BLOCK) << 2;
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    const x = own + CONSTANTS_BYTES + ((4 * a.NR + 2 * PART_KEYS) << 2);
    const second = x + ((groups * BLOCK) << 2);
    for (let item = atomic.add<i32>(taken, 1); item < a.keyHeads * parts; item = atomic.add<i32>(taken, 1)) {
      const keyHead = item % a.keyHeads;
      const part = item / a.keyHeads;
      if (part == parts - 1) {
        storeKey(a, 0, keyHead, position, x);
        storeValue(a, 0, keyHead, position, x);
      }
      const K = a.K + keyHead * blocks * blockBytesOf(a.keyBits);
      const V = a.V + keyHead * blocks * blockBytesOf(a.valueBits);
      const start = part * PART_KEYS;
      const end = min(position + 1, start + PART_KEYS);
      const last = (keyHead + 1) * group;
      let head = keyHead * group;
      for (; head + 2 <= last; head += 2) {
        takeHead(a, a.queries, 0, head, position, x);
        takeHead(a, a.queries, 0, head + 1, position, second);
        decodeTwo(own, partials + (head * parts + part) * bytes, parts * bytes, x, K, V, start, end, a.capacity, a.headDim,
          groups, PART_KEYS, a.keyBits, a.valueBits, a.NR);
      }
      if (head < last) {
        takeHead(a, a.queries, 0, head, position, x);
        decodePart(own, partials + (head * parts + part) * bytes, x, K, V, start, end, a.capacity, a.headDim, groups, PART_KEYS,
          a.keyBits, a.valueBits, a.NR);
      }
    }
  }
}

// partials as above → O [heads · headDim], times factors where these are given, by way of whole [heads][groups·32]; an item of
// [from, to) is a head. Then nothing is taken any more.
export function combineParts(
  from: i32, to: i32, span: usize, taken: usize, attention: usize, partials: usize, whole: usize, O: usize, factors: usize,
): void {
  const a = changetype<Attention>(attention);
  const groups = groupsOf(a);
  const dims = groups * BLOCK;
  const parts = load<i32>(span, 4) / PART_KEYS + 1;
  if (from == 0) store<i32>(taken, 0);
  for (let head = from; head < to; head++) {
    const own = whole + ((head * dims) << 2);
    combineHead(partials + ((head * parts * (2 * a.NR + dims)) << 2), parts, groups, a.valueBits, own, a.NR);
    place(own, a.headDim, head, factors, O);
  }
}

// o [headDim] of a head → its place in a row of O
function place(o: usize, headDim: i32, head: i32, factors: usize, O: usize): void {
  const at = (head * headDim) << 2;
  if (factors) scaled(o, headDim, 1, factors + at, O + at);
  else memory.copy(O + at, o, headDim << 2);
}

// Several rows: keys and values go into the cache, queries → Q [heads][maxRows][headDim]. One entry of [from, to) is a thread,
// which takes its share of the heads of all rows, with scratchBytes of its own: constants, x [groups·32].
export function takeHeads(
  from: i32, to: i32, threads: i32, span: usize, attention: usize, scratch: usize, scratchBytes: i32, Q: usize, maxRows: i32,
): void {
  const a = changetype<Attention>(attention);
  const perRow = a.heads + 2 * a.keyHeads;
  const items = load<i32>(span) * perRow;
  for (let thread = from; thread < to; thread++) {
    const x = scratch + thread * scratchBytes + CONSTANTS_BYTES;
    memory.fill(x, 0, (groupsOf(a) * BLOCK) << 2);
    for (let item = items * thread / threads; item < items * (thread + 1) / threads; item++) {
      const row = item / perRow;
      const head = item % perRow;
      const position = load<i32>(span, 4) + row;
      if (head < a.heads) takeHead(a, a.queries, row, head, position, Q + (((head * maxRows + row) * a.headDim) << 2));
      else if (head < a.heads + a.keyHeads) storeKey(a, row, head - a.heads, position, x);
      else storeValue(a, row, head - a.heads - a.keyHeads, position, x);
    }
  }
}

// Q → O, both [heads][maxRows][headDim]. One entry of [from, to) is a thread, with scratchBytes of its own as kv-cache's attend has
// them for so many panels of queries. `taken` counts the runs of rows that a thread has taken: 0 at first.
export function attendMany(
  from: i32, to: i32, span: usize, taken: usize, attention: usize, scratch: usize, scratchBytes: i32, Q: usize, O: usize,
  maxRows: i32, panels: i32,
): void {
  const a = changetype<Attention>(attention);
  const tokens = load<i32>(span);
  const position = load<i32>(span, 4);
  const groups = groupsOf(a);
  const blocks = foursOf(a) * groups;
  const group = a.heads / a.keyHeads;
  const rows = panels * a.NR;
  const runs = (tokens + rows - 1) / rows;
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    for (let item = atomic.add<i32>(taken, 1); item < a.heads * runs; item = atomic.add<i32>(taken, 1)) {
      const head = item / runs;
      // From the last run to the first: later ones see more keys, and threads end together where what is taken last is small.
      const first = (runs - 1 - item % runs) * rows;
      const q = ((head * maxRows + first) * a.headDim) << 2;
      attendRun(own, Q + q, a.K + head / group * blocks * blockBytesOf(a.keyBits),
        a.V + head / group * blocks * blockBytesOf(a.valueBits), O + q, min(rows, tokens - first), position + first + 1,
        a.capacity, a.headDim, 1, groups, TILE_KEYS, a.keyBits, a.valueBits, a.NR);
    }
  }
}

// O [heads][maxRows][headDim] → out [rows][heads · headDim], times factors where these are given; an item of [from, to) is a head of
// a row. Then nothing is taken any more.
export function spreadHeads(
  from: i32, to: i32, span: usize, taken: usize, attention: usize, O: usize, maxRows: i32, out: usize, factors: usize,
): void {
  const a = changetype<Attention>(attention);
  if (from == 0) store<i32>(taken, 0);
  to = min(to, load<i32>(span) * a.heads);
  for (let item = from; item < to; item++) {
    const row = item / a.heads;
    const head = item % a.heads;
    place(O + (((head * maxRows + row) * a.headDim) << 2), a.headDim, head, factors, out + ((row * a.heads * a.headDim) << 2));
  }
}
