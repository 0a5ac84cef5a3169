// Attention with the scores of all keys of a query side by side: scores, softmax, then the values.
import {
  CONSTANTS_BYTES, fill, HIDDEN, hideKeys, packQueries, queryScale, raiseMaxima, raiseReference, scaleRow,
  storeQueries, sumOf, writeConstants,
} from './query-panel.as';
import { exponentials, row, scoreKeys, weighKeys } from './tiles';

const MR: i32 = 6;

// One entry of [0, threads) is a thread, with scratchBytes of its own: constants, ones, maxima, reference, sums [NR],
// queries and o [headDim][NR], s [seqLen][NR]. `taken` counts the panels of queries that a thread has taken: 0 at first.
// Q [heads][M][headDim], K [heads][ceil(seqLen/6)][headDim][6], V [heads][blocks][ceil(headDim/6)][block][6] (the last
// panels as narrow as what is left) → O [heads][M][headDim]
export function attend(
  from: i32, to: i32, taken: usize, scratch: usize, scratchBytes: i32, Q: usize, K: usize, V: usize, O: usize,
  heads: i32, M: i32, seqLen: i32, headDim: i32, causal: i32, block: i32, NR: i32,
): void {
  const panels = (M + NR - 1) / NR;
  for (let thread = from; thread < to; thread++) {
    const own = scratch + thread * scratchBytes;
    writeConstants(own);
    for (let item = atomic.add<i32>(taken, 1); item < heads * panels; item = atomic.add<i32>(taken, 1)) {
      const head = item / panels;
      // From the last panel to the first: a causal problem's later ones see more keys, and threads end together where
      // what is taken last is small.
      const first = (panels - 1 - item % panels) * NR;
      const q = ((head * M + first) * headDim) << 2;
      const keys = (head * seqLen * headDim) << 2;
      attendPanel(own, Q + q, K + keys, V + keys, O + q, min(NR, M - first),
        causal ? seqLen - M + first + 1 : seqLen, seqLen, headDim, causal, block, NR);
    }
  }
}

// Q, O [rows ≤ NR][headDim]; the first of the rows sees `visible` keys
function attendPanel(
  scratch: usize, Q: usize, K: usize, V: usize, O: usize, rows: i32, visible: i32,
  seqLen: i32, headDim: i32, causal: i32, block: i32, NR: i32,
): void {
  const decay = scratch + CONSTANTS_BYTES;
  const maxima = decay + (NR << 2);
  const reference = maxima + (NR << 2);
  const sums = reference + (NR << 2);
  const queries = sums + (NR << 2);
  const o = queries + ((headDim * NR) << 2);
  const s = o + ((headDim * NR) << 2);
  const count = causal ? visible + rows - 1 : seqLen;
  // Whole panels of keys are scored.
  const scored = min(seqLen, (count + MR - 1) / MR * MR);
  packQueries(Q, rows, headDim, queryScale(headDim), NR, queries);
  fill(maxima, 2 * NR, HIDDEN);
  memory.fill(sums, 0, NR << 2);
  memory.fill(o, 0, (headDim * NR) << 2);

  // First the keys that all queries see, then those that some don't.
  const clear = visible < scored ? visible / MR * MR : scored;
  const rest = s + ((clear * NR) << 2);
  scoreKeys(K, queries, clear, headDim, s, maxima);
  if (clear < scored) {
    scoreKeys(K + ((clear * headDim) << 2), queries, scored - clear, headDim, rest, decay);
    hideKeys(rest, scored - clear, visible - clear, NR, HIDDEN);
    raiseMaxima(rest, scored - clear, NR, maxima);
  }
  raiseReference(maxima, reference, decay, sums, NR);
  exponentials(s, count, reference, sums, scratch);
  if (clear < scored) hideKeys(rest, scored - clear, visible - clear, NR, 0);

  // All keys were scored before: there is no older sum to rescale.
  fill(decay, NR, 1);
  for (let first = 0; first < count; first += block) {
    weighKeys(V + ((first * headDim) << 2), min(block, seqLen - first), s + ((first * NR) << 2),
      min(block, count - first), headDim, o, decay);
  }
  storeQueries(o, sums, rows, headDim, NR, O);
}

// Decode (M = 1). q [heads][headDim], K [heads][panels = ceil(seqLen/NR)][headDim][NR] → s [heads][panels][NR]; the panels
// of all heads from … to
export function decodeScores(
  from: i32, to: i32, q: usize, K: usize, s: usize, panels: i32, headDim: i32, NR: i32,
): void {
  for (let p = from; p < to; p++) {
    row(q + ((p / panels * headDim) << 2), K + ((p * headDim * NR) << 2), headDim, s + ((p * NR) << 2));
  }
}

// s [heads][panels][NR] → weights in place, their sums in the heads' state [constants, reference [NR], sums [NR]]
export function decodeSoftmax(
  from: i32, to: i32, s: usize, state: usize, panels: i32, seqLen: i32, headDim: i32, NR: i32,
): void {
  for (let head = from; head < to; head++) {
    const own = state + head * (CONSTANTS_BYTES + (2 * NR << 2));
    const reference = own + CONSTANTS_BYTES;
    const sums = reference + (NR << 2);
    const scores = s + ((head * panels * NR) << 2);
    writeConstants(own);
    fill(reference, NR, ceil(scaleRow(scores, panels, seqLen, queryScale(headDim), NR)));
    memory.fill(sums, 0, NR << 2);
    exponentials(scores, panels, reference, sums, own);
    store<f32>(sums, sumOf(sums, NR));
  }
}

// weights s [heads][panels][NR], V [heads][dimPanels][seqLen][NR] → O [heads][dimPanels][NR]; the dimPanels of all heads
// from … to
export function decodeValues(
  from: i32, to: i32, s: usize, state: usize, V: usize, O: usize, panels: i32, dimPanels: i32, seqLen: i32, NR: i32,
): void {
  for (let p = from; p < to; p++) {
    const head = p / dimPanels;
    const sum = load<f32>(state + head * (CONSTANTS_BYTES + (2 * NR << 2)) + CONSTANTS_BYTES + (NR << 2));
    const o = O + ((p * NR) << 2);
    row(s + ((head * panels * NR) << 2), V + ((p * seqLen * NR) << 2), seqLen, o);
    for (let at = 0; at < NR << 2; at += 4) store<f32>(o + at, load<f32>(o + at) / sum);
  }
}
