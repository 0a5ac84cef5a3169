// Attention by tiles of keys with an online softmax (FlashAttention, algorithm 1), for panels of NR queries.
import {
  addScaled, CONSTANTS_BYTES, fill, HIDDEN, hideKeys, packQueries, powerOfTwo, queryScale, raiseMaxima, raiseReference,
  scaleRow, storeQueries, sumOf, writeConstants,
} from '../naive-attention/query-panel.as';
import { addRow, exponentials, rows, scoreKeys, weighKeys } from './tiles';

const MR: i32 = 6;

// One entry of [0, threads) is a thread, with scratchBytes of its own: constants, decay [NR], s [tile][NR], and for each
// of the panels that share a pass over the keys maxima, reference, sums [NR], queries and o [headDim][NR]. `taken` counts
// the groups of such panels that a thread has taken: 0 at first.
// Q [heads][M][headDim], K [heads][ceil(seqLen/6)][headDim][6], V [heads][tiles][ceil(headDim/6)][tile][6] (the last
// panels as narrow as what is left) → O [heads][M][headDim]
export function attend(
  from: i32, to: i32, taken: usize, scratch: usize, scratchBytes: i32, Q: usize, K: usize, V: usize, O: usize,
  heads: i32, M: i32, seqLen: i32, headDim: i32, causal: i32, tile: i32, panels: i32, NR: i32,
): void {
  const groups = (M + panels * NR - 1) / (panels * NR);
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    writeConstants(own);
    for (let item = atomic.add<i32>(taken, 1); item < heads * groups; item = atomic.add<i32>(taken, 1)) {
      const head = item / groups;
      // From the last group to the first: a causal problem's later ones see more keys, and threads end together where
      // what is taken last is small.
      const first = (groups - 1 - item % groups) * panels * NR;
      const q = ((head * M + first) * headDim) << 2;
      const keys = (head * seqLen * headDim) << 2;
      attendGroup(own, Q + q, K + keys, V + keys, O + q, min(panels * NR, M - first),
        causal ? seqLen - M + first + 1 : seqLen, seqLen, headDim, causal, tile, NR);
    }
  }
}

// Q, O [rows][headDim]; the first of the rows sees `visible` keys
function attendGroup(
  scratch: usize, Q: usize, K: usize, V: usize, O: usize, rows: i32, visible: i32,
  seqLen: i32, headDim: i32, causal: i32, tile: i32, NR: i32,
): void {
  const state = scratch + CONSTANTS_BYTES + ((NR + tile * NR) << 2);
  const stateBytes = ((3 + 2 * headDim) * NR) << 2;
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
    const offset = (first * headDim) << 2;
    at = state;
    for (let r = 0; r < rows; r += NR) {
      const last = causal ? min(seqLen, visible + min(r + NR, rows) - 1) : seqLen;
      if (first < last) {
        attendTile(scratch, at, K + offset, V + offset, keys, min(keys, last - first),
          causal ? visible + r - first : keys, headDim, NR);
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

// K [ceil(keys/6)][headDim][6], V [ceil(headDim/6)][keys][6]; the panel's last query sees `count` keys of the tile, its
// first `visible`
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

// Decode (M = 1): one entry of [0, threads) is a thread, with scratchBytes of its own: constants, decay, maxima [NR],
// s [tile]. `taken` counts the parts that a thread has taken: 0 at first. The keys of a head are cut into as many parts
// whatever the number of threads, which so has no say in how sums are rounded.
// q [heads][headDim], K [heads][panels = ceil(seqLen/NR)][headDim][NR], V [heads][tiles][dimPanels = ceil(headDim/NR)][tile]
// [NR] (the last tile as short as what is left)
// → partials [heads][parts] of reference, sums [NR], o [dimPanels][NR]
export function decode(
  from: i32, to: i32, taken: usize, scratch: usize, scratchBytes: i32, partials: usize, q: usize, K: usize, V: usize,
  heads: i32, parts: i32, seqLen: i32, headDim: i32, tile: i32, NR: i32,
): void {
  const panels = (seqLen + NR - 1) / NR;
  const dimPanels = (headDim + NR - 1) / NR;
  const tiles = (seqLen + tile - 1) / tile;
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    writeConstants(own);
    for (let item = atomic.add<i32>(taken, 1); item < heads * parts; item = atomic.add<i32>(taken, 1)) {
      const head = item / parts;
      const part = item % parts;
      const partial = partials + ((item * (2 + dimPanels) * NR) << 2);
      fill(partial, NR, HIDDEN);
      memory.fill(partial + (NR << 2), 0, ((1 + dimPanels) * NR) << 2);
      decodePart(own, partial, q + ((head * headDim) << 2), K + ((head * panels * headDim * NR) << 2),
        V + ((head * seqLen * dimPanels * NR) << 2), tiles * part / parts * tile,
        min(seqLen, tiles * (part + 1) / parts * tile), headDim, tile, NR);
    }
  }
}

// The keys start … end of one head
function decodePart(
  scratch: usize, partial: usize, q: usize, K: usize, V: usize, start: i32, end: i32, headDim: i32, tile: i32, NR: i32,
): void {
  const decay = scratch + CONSTANTS_BYTES;
  const maxima = decay + (NR << 2);
  const s = maxima + (NR << 2);
  const sums = partial + (NR << 2);
  const o = sums + (NR << 2);
  const scale = queryScale(headDim);
  const dimPanels = (headDim + NR - 1) / NR;
  let highest: f32 = HIDDEN;
  for (let first = start; first < end; first += tile) {
    const keys = min(tile, end - first);
    const panels = (keys + NR - 1) / NR;
    rows(q, K + ((first * headDim) << 2), panels, headDim, s);
    highest = max(highest, scaleRow(s, panels, keys, scale, NR));
    fill(maxima, NR, highest);
    raiseReference(maxima, partial, decay, sums, NR);
    exponentials(s, panels, partial, sums, scratch);
    const v = V + ((first * dimPanels * NR) << 2);
    for (let p = 0; p < dimPanels; p++) addRow(s, v + ((p * keys * NR) << 2), keys, o + ((p * NR) << 2), decay);
  }
}

// partials [heads][parts] of reference, sums [NR], o [dimPanels][NR] → O [heads][dimPanels][NR]; heads from … to
export function combine(
  from: i32, to: i32, partials: usize, parts: i32, headDim: i32, O: usize, NR: i32,
): void {
  const dimPanels = (headDim + NR - 1) / NR;
  for (let head = from; head < to; head++) {
    let highest: f32 = HIDDEN;
    for (let part = 0; part < parts; part++) {
      highest = max(highest, load<f32>(partials + (((head * parts + part) * (2 + dimPanels) * NR) << 2)));
    }
    const o = O + ((head * dimPanels * NR) << 2);
    memory.fill(o, 0, (dimPanels * NR) << 2);
    let sum: f32 = 0;
    for (let part = 0; part < parts; part++) {
      const partial = partials + (((head * parts + part) * (2 + dimPanels) * NR) << 2);
      const weight = powerOfTwo(load<f32>(partial) - highest);
      sum += weight * sumOf(partial + (NR << 2), NR);
      addScaled(partial + ((2 * NR) << 2), dimPanels * NR, weight, o);
    }
    for (let at = 0; at < (dimPanels * NR) << 2; at += 16) {
      v128.store(o + at, f32x4.div(v128.load(o + at), f32x4.splat(sum)));
    }
  }
}
