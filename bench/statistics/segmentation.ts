// The best split of a series into levels, of all that there are: least squares with a penalty for each further level,
// found exactly by dynamic programming (Jackson et al. 2005, IEEE Signal Processing Letters 12, 105–108). A level that
// came and went shows at both of its ends at once, which a search that halves the series step by step passes over.

/**
 * Indices at which a new level begins, ascending.
 * @param penalty what a further level must save, in squares of the values' unit
 * @param minLength least values of a level
 */
export function splitIntoLevels(series: readonly number[], penalty: number, minLength: number): number[] {
  const { length } = series;
  const { sums, squares } = runningSums(series);
  /** cost[end]: the least that the values before `end` come to; begin[end]: where the last level of that split begins. */
  const cost = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY);
  const begin = new Int32Array(length + 1);
  cost[0] = -penalty;
  for (let end = minLength; end <= length; end++) {
    for (let start = 0; start <= end - minLength; start++) {
      // squared deviations of the values start … end − 1 from their mean
      const deviations = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / (end - start);
      const total = cost[start] + penalty + Math.max(0, deviations);
      if (total < cost[end]) {
        cost[end] = total;
        begin[end] = start;
      }
    }
  }
  return beginningsOf(begin, length);
}

function beginningsOf(begin: Int32Array, length: number): number[] {
  const indices: number[] = [];
  for (let start = begin[length]; start > 0; start = begin[start]) indices.unshift(start);
  return indices;
}

/** Sums of the first 0, 1, … values and of their squares, around the mean of all, so that little of them cancels. */
function runningSums(series: readonly number[]): { sums: Float64Array; squares: Float64Array } {
  const centre = series.reduce((total, value) => total + value, 0) / Math.max(1, series.length);
  const sums = new Float64Array(series.length + 1);
  const squares = new Float64Array(series.length + 1);
  series.forEach((value, i) => {
    sums[i + 1] = sums[i] + (value - centre);
    squares[i + 1] = squares[i] + (value - centre) ** 2;
  });
  return { sums, squares };
}
