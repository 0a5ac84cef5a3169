// Where a series changes its distribution: E-divisive (Matteson & James 2014, JASA 109, 334–345) with α = 1. A segment
// is split where the energy distance between its two sides is largest, if a permutation test finds that split unlikely
// in a segment without order; then both sides are searched the same way. As in the E-divisive means of Daly et al. 2020
// (ICPE), a side reaches to its segment's end, and each segment is permuted by itself.

export interface EDivisiveOptions {
  /** A split whose permutation p is above this ends the search in its segment. */
  readonly maxP: number;
  /** Values that either side of a split must have; at least 2. */
  readonly minSize: number;
  readonly uniform: () => number;
}

/** Indices at which a new level begins, ascending. */
export function eDivisive(series: ArrayLike<number>, options: EDivisiveOptions): number[] {
  return searchSegment(Float64Array.from(series), 0, options);
}

function searchSegment(values: Float64Array, start: number, options: EDivisiveOptions): number[] {
  const split = bestSplit(values, options.minSize);
  if (split === undefined || !isSignificant(values, split.q, options)) return [];
  return [
    ...searchSegment(values.subarray(0, split.at), start, options),
    start + split.at,
    ...searchSegment(values.subarray(split.at), start + split.at, options),
  ];
}

export interface Split {
  /** The first index of the right side. */
  readonly at: number;
  /** Q̂ of Matteson & James: the energy distance of the sides, times nm/(n+m). */
  readonly q: number;
}

/** The split with the largest Q̂; undefined where both sides can't have minSize values. */
export function bestSplit(values: Float64Array, minSize: number): Split | undefined {
  return bestSplitOf(values, distanceSums(values), minSize);
}

/** `sums[i]` is the sum of value i's distances to all others, which no permutation changes. */
function bestSplitOf(values: Float64Array, sums: Float64Array, minSize: number): Split | undefined {
  const length = values.length;
  let withinLeft = 0;
  let across = 0;
  let withinRight = sums.reduce((total, sum) => total + sum, 0) / 2;
  let best: Split | undefined;
  for (let at = 1; at <= length - minSize; at++) {
    // The value at − 1 changes sides: what were its distances within the right side are across now, and so on.
    const value = values[at - 1];
    let toLeft = 0;
    for (let i = 0; i < at - 1; i++) toLeft += Math.abs(value - values[i]);
    const toRight = sums[at - 1] - toLeft;
    withinLeft += toLeft;
    withinRight -= toRight;
    across += toRight - toLeft;
    if (at < minSize) continue;
    const q = energyDistance(at, length - at, withinLeft, withinRight, across);
    if (best === undefined || q > best.q) best = { at, q };
  }
  return best;
}

function energyDistance(n: number, m: number, withinLeft: number, withinRight: number, across: number): number {
  const distance = (2 * across) / (n * m) - withinLeft / ((n * (n - 1)) / 2) - withinRight / ((m * (m - 1)) / 2);
  return (distance * n * m) / (n + m);
}

function distanceSums(values: Float64Array): Float64Array {
  return values.map((value) => values.reduce((total, other) => total + Math.abs(value - other), 0));
}

/** p of a permutation test is (1 + permutations at least as extreme) / (1 + permutations). */
const PERMUTATIONS = 199;

/** Stops as soon as p can no longer be small enough (Besag & Clifford 1991), which is soon where there is no change. */
function isSignificant(values: Float64Array, q: number, { maxP, minSize, uniform }: EDivisiveOptions): boolean {
  const mostExtreme = Math.floor(maxP * (PERMUTATIONS + 1)) - 1;
  const shuffled = values.slice();
  const sums = distanceSums(values);
  let extreme = 0;
  for (let permutation = 0; permutation < PERMUTATIONS; permutation++) {
    shuffleTogether(shuffled, sums, uniform);
    if ((bestSplitOf(shuffled, sums, minSize)?.q ?? 0) >= q) extreme++;
    if (extreme > mostExtreme) return false;
  }
  return true;
}

/** Fisher and Yates's, in place; what belongs together stays together. */
function shuffleTogether(values: Float64Array, sums: Float64Array, uniform: () => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const value = values[i];
    const sum = sums[i];
    values[i] = values[j];
    sums[i] = sums[j];
    values[j] = value;
    sums[j] = sum;
  }
}
