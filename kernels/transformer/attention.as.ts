// Causal attention of a call's queries against a cache. Heads that share keys are rows of one product: row r is that of the
// group's head r mod group at token r / group.
import {
  addScaled, CONSTANTS_BYTES, fill, powerOfTwo, queryScale, scaleRow, sumOf, writeConstants,
} from '../naive-attention/query-panel.as';
import { MR, PART_KEYS } from './blocks';
import { scaled } from './norm.as';
import { exponentials, multiplyPanels } from './tiles';

// One entry of [0, threads) is a thread, with scratchBytes of its own: constants, reference, sums [NR], q [MR][headDim],
// o [MR][dims] and s [MR][ldS]. `taken` counts the items that a thread has taken: 0 at first. Keys are cut into parts where
// `isCut`. Q [tokens][ldQ] of heads side by side, keys [keyHeads][ceil(capacity/NR)][headDim][NR],
// values [keyHeads][ceil(headDim/NR)][capacity][NR] → partials [tokens][heads][parts] of reference, sum, two unused, o [dims]
export function attend(
  from: i32, to: i32, span: usize, taken: usize, scratch: usize, scratchBytes: i32, ldS: i32, Q: usize, ldQ: i32,
  keys: usize, values: usize, partials: usize, isCut: i32, heads: i32, keyHeads: i32, headDim: i32, capacity: i32, NR: i32,
): void {
  const tokens = load<i32>(span);
  const position = load<i32>(span, 4);
  const parts = partsOf(position, isCut);
  const group = heads / keyHeads;
  const panels = (tokens * group + MR - 1) / MR;
  const dims = (headDim + NR - 1) / NR * NR;
  const keyBytes = ((capacity + NR - 1) / NR * headDim * NR) << 2;
  const valueBytes = (dims * capacity) << 2;
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    writeConstants(own);
    for (let item = atomic.add<i32>(taken, 1); item < keyHeads * panels * parts; item = atomic.add<i32>(taken, 1)) {
      const part = item % parts;
      const keyHead = item / parts % keyHeads;
      // From the last panel to the first: later ones see more keys, and threads end together where what is taken last is small.
      const first = (panels - 1 - item / parts / keyHeads) * MR;
      const count = min(MR, tokens * group - first);
      const start = part * PART_KEYS;
      const seen = position + (first + count - 1) / group + 1;
      const end = parts == 1 ? seen : min(seen, start + PART_KEYS);
      attendPanel(own, ldS, Q + ((keyHead * group * headDim) << 2), ldQ, keys + keyHead * keyBytes + ((start * headDim) << 2),
        values + keyHead * valueBytes + ((start * NR) << 2), partials, parts, keyHead * group * parts + part, first, count,
        end - start, position + 1 - start, heads, group, headDim, capacity, NR);
    }
  }
}

// The rows first … first + count against keys [ceil(length/NR)][headDim][NR] and values [ceil(headDim/NR)][…][NR], of which
// token t sees the first `visible` + t → the rows' partials, of which `own` is that of the group's first head at token 0
function attendPanel(
  scratch: usize, ldS: i32, Q: usize, ldQ: i32, keys: usize, values: usize, partials: usize, parts: i32, own: i32,
  first: i32, count: i32, length: i32, visible: i32, heads: i32, group: i32, headDim: i32, capacity: i32, NR: i32,
): void {
  const reference = scratch + CONSTANTS_BYTES;
  const sums = reference + (NR << 2);
  const dims = (headDim + NR - 1) / NR * NR;
  const q = sums + (NR << 2);
  const o = q + ((MR * headDim) << 2);
  const s = o + ((MR * dims) << 2);
  const panels = (length + NR - 1) / NR;
  for (let r = 0; r < count; r++) {
    const source = Q + (((first + r) / group * ldQ + (first + r) % group * headDim) << 2);
    memory.copy(q + ((r * headDim) << 2), source, headDim << 2);
  }
  multiplyPanels(count, q, headDim << 2, keys, (headDim * NR) << 2, panels, headDim, s, ldS << 2);
  for (let r = 0; r < count; r++) {
    const row = s + ((r * ldS) << 2);
    const token = (first + r) / group;
    const partial = partials + ((((token * heads + (first + r) % group) * parts + own) * (4 + dims)) << 2);
    fill(reference, NR, ceil(scaleRow(row, panels, min(length, visible + token), queryScale(headDim), NR)));
    memory.fill(sums, 0, NR << 2);
    exponentials(row, panels, reference, sums, scratch);
    store<f32>(partial, load<f32>(reference));
    store<f32>(partial, sumOf(sums, NR), 4);
  }
  multiplyPanels(count, s, ldS << 2, values, (capacity * NR) << 2, dims / NR, length, o, dims << 2);
  for (let r = 0; r < count; r++) {
    const token = (first + r) / group;
    const partial = partials + ((((token * heads + (first + r) % group) * parts + own) * (4 + dims)) << 2);
    memory.copy(partial + 16, o + ((r * dims) << 2), dims << 2);
  }
}

function partsOf(position: i32, isCut: i32): i32 {
  return isCut ? position / PART_KEYS + 1 : 1;
}

// partials as above → O [tokens][heads · headDim], times factors [heads · headDim] where these are given; an item of [from, to) is
// a head of a token. Then nothing is taken any more.
export function combineParts(
  from: i32, to: i32, span: usize, taken: usize, partials: usize, isCut: i32, heads: i32, headDim: i32, O: usize,
  factors: usize, NR: i32,
): void {
  to = min(to, load<i32>(span) * heads);
  const parts = partsOf(load<i32>(span, 4), isCut);
  if (from == 0) store<i32>(taken, 0);
  const dims = (headDim + NR - 1) / NR * NR;
  const bytes = (4 + dims) << 2;
  for (let row = from; row < to; row++) {
    const first = partials + row * parts * bytes;
    let highest = load<f32>(first);
    for (let part = 1; part < parts; part++) highest = max(highest, load<f32>(first + part * bytes));
    let sum: f32 = 0;
    for (let part = 0; part < parts; part++) {
      const partial = first + part * bytes;
      const weight = powerOfTwo(load<f32>(partial) - highest);
      sum += weight * load<f32>(partial, 4);
      // The first part's place takes the sum of all.
      if (part == 0) scale(first + 16, dims, weight);
      else addScaled(partial + 16, dims, weight, first + 16);
    }
    scale(first + 16, dims, 1 / sum);
    const o = O + ((row * headDim) << 2);
    if (factors) scaled(first + 16, headDim, 1, factors + ((row % heads * headDim) << 2), o);
    else memory.copy(o, first + 16, headDim << 2);
  }
}

// values [count] · factor in place, four at a time
function scale(values: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (let at = 0; at < count << 2; at += 16) v128.store(values + at, f32x4.mul(v128.load(values + at), factors));
}
