// The largest of many values, as what looks for nearest keys wants them.
import type { Found } from '../../bench/contract/transformer.ts';

/** The `count` largest of values[from + i] − less[i], the largest first; of equal ones the first. */
export function largestOf(values: Float32Array, from: number, less: Float32Array, count: number): Found[] {
  const kept: Found[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < less.length; i++) {
    const value = Math.fround(values[from + i] - less[i]);
    if (kept.length === count && !(value > least)) continue;
    if (kept.length === count) kept.pop();
    let at = kept.length;
    while (at > 0 && kept[at - 1].value < value) at--;
    kept.splice(at, 0, { index: i, value });
    least = kept[kept.length - 1].value;
  }
  return kept;
}

/** Of lists that were found apart, the `count` largest. */
export function mergeFound(lists: readonly Found[], count: number): Found[] {
  return lists.toSorted((a, b) => b.value - a.value || a.index - b.index).slice(0, count);
}
