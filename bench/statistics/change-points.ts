// Change points of a noisy history as Hunter and Apache Otava find them (Fleming et al. 2023, ICPE,
// https://doi.org/10.1145/3578244.3583719): E-divisive with a loose p in windows that slide over the history yields
// weak change points; the weakest is taken out again and again until a t-test between the levels on its two sides
// confirms every one that is left, and each is large enough to matter.

import { eDivisive } from './e-divisive.ts';
import { seededRandom } from './random.ts';
import { mean, tTestP } from './t-test.ts';

export interface ChangePoint {
  /** The first value of the new level. */
  readonly index: number;
  /** Means of the levels up to the neighbouring change points. */
  readonly before: number;
  readonly after: number;
  /** Of the t-test between them. */
  readonly p: number;
}

export interface ChangePointOptions {
  /** Least difference between the means of neighbouring levels. */
  readonly minMagnitude: number;
  /** Of the t-test that confirms. */
  readonly maxP: number;
  readonly seed: number;
}

/** Values searched at once, Otava's choice: more would hide short levels among long ones. */
const WINDOW = 50;
/** One bad night is no level, and of two values a permutation test can't tell whether one of them is just that. */
const MIN_LEVEL = 3;
/** Of the permutation test that proposes change points. */
const WEAK_P = 0.05;

export function findChangePoints(series: readonly number[], options: ChangePointOptions): ChangePoint[] {
  return confirm(series, weakChangePoints(series, options.seed), options);
}

/** Each window begins at the last change point of the one before it, or half a window on. */
function weakChangePoints(series: readonly number[], seed: number): number[] {
  const { uniform } = seededRandom(seed);
  const found = new Set<number>();
  let start = 0;
  while (start < series.length) {
    const window = series.slice(start, start + WINDOW);
    const inWindow = eDivisive(window, { maxP: WEAK_P, minSize: MIN_LEVEL, uniform });
    for (const index of inWindow) found.add(start + index);
    if (start + WINDOW >= series.length) break;
    start += Math.max(inWindow.at(-1) ?? 0, WINDOW / 2);
  }
  return [...found].sort((a, b) => a - b);
}

function confirm(series: readonly number[], indices: readonly number[], options: ChangePointOptions): ChangePoint[] {
  let kept = indices;
  for (;;) {
    const points = describe(series, kept);
    const weakest = weakestOf(points, options);
    if (weakest === undefined) return points;
    kept = kept.filter((index) => index !== weakest.index);
  }
}

function describe(series: readonly number[], indices: readonly number[]): ChangePoint[] {
  return indices.map((index, i) => {
    const before = series.slice(i === 0 ? 0 : indices[i - 1], index);
    const after = series.slice(index, indices[i + 1]);
    return { index, before: mean(before), after: mean(after), p: tTestP(before, after) };
  });
}

/** The one to take out next; undefined where every one holds. */
function weakestOf(
  points: readonly ChangePoint[],
  { maxP, minMagnitude }: ChangePointOptions,
): ChangePoint | undefined {
  const magnitude = ({ before, after }: ChangePoint) => Math.abs(after - before);
  const [leastSure] = points.toSorted((a, b) => b.p - a.p);
  if (leastSure !== undefined && leastSure.p > maxP) return leastSure;
  const [smallest] = points.toSorted((a, b) => magnitude(a) - magnitude(b));
  return smallest !== undefined && magnitude(smallest) < minMagnitude ? smallest : undefined;
}
