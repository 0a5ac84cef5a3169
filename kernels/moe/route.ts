// Which rows go through which experts.
import type { Taken } from './weights.ts';

/** Choices are row · perRow + their place in it. */
export interface Routing {
  /** Experts that a row goes through. */
  readonly perRow: number;
  /** [M · perRow], those of the first expert before those of the second. */
  readonly choices: Int32Array;
  /** [experts]: where each one's choices end. */
  readonly ends: Int32Array;
  /** [M · perRow], by the numbers of choices. */
  readonly shares: Float32Array;
  /** Of a row, the experts in the order of their scores, and their powers. */
  readonly best: Int32Array;
  readonly powers: Float64Array;
  /** [M · perRow]: the expert of each choice. */
  readonly chosen: Int32Array;
}

export function newRouting(M: number, experts: number, topK: number, taken: Taken): Routing {
  const perRow = taken === 'all' ? experts : topK;
  return {
    perRow,
    choices: new Int32Array(M * perRow),
    ends: new Int32Array(experts),
    shares: new Float32Array(M * perRow),
    best: new Int32Array(topK),
    powers: new Float64Array(topK),
    chosen: new Int32Array(M * perRow),
  };
}

/** Scores [M, ld], of which the first `experts` of a row count. */
export function route(scores: Float32Array, ld: number, routing: Routing): void {
  const { perRow, shares, best, powers, chosen, ends } = routing;
  const M = shares.length / perRow;
  const isAll = perRow === ends.length;
  for (let m = 0; m < M; m++) {
    const total = chooseBest(scores, m * ld, ends.length, best, powers);
    const first = m * perRow;
    if (isAll) {
      shares.fill(0, first, first + perRow);
      for (let e = 0; e < perRow; e++) chosen[first + e] = e;
    }
    for (let i = 0; i < best.length; i++) {
      const choice = isAll ? best[i] : i;
      chosen[first + choice] = best[i];
      shares[first + choice] = powers[i] / total;
    }
  }
  group(routing);
}

/** The experts of the highest scores, the first of equal ones first, and the powers of their scores; returns the sum of these. */
function chooseBest(
  scores: Float32Array,
  row: number,
  experts: number,
  best: Int32Array,
  powers: Float64Array,
): number {
  let total = 0;
  for (let i = 0; i < best.length; i++) {
    const before = i === 0 ? Number.POSITIVE_INFINITY : scores[row + best[i - 1]];
    let found = -1;
    for (let e = 0; e < experts; e++) {
      const score = scores[row + e];
      const comesAfter = score < before || (score === before && e > best[i - 1]);
      if (comesAfter && (found < 0 || score > scores[row + found])) found = e;
    }
    best[i] = found;
    powers[i] = Math.exp(scores[row + found] - scores[row + best[0]]);
    total += powers[i];
  }
  return total;
}

/** Counts how many choices each expert has, and puts them side by side. */
function group({ choices, ends, chosen }: Routing): void {
  ends.fill(0);
  for (let i = 0; i < chosen.length; i++) ends[chosen[i]]++;
  for (let e = 1; e < ends.length; e++) ends[e] += ends[e - 1];
  // From the last on, so that each expert's choices come in order and `ends` falls to where they begin.
  for (let i = chosen.length - 1; i >= 0; i--) choices[--ends[chosen[i]]] = i;
  for (let e = 0; e < ends.length; e++) ends[e] = e + 1 < ends.length ? ends[e + 1] : chosen.length;
}
