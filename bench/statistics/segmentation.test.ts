import { expect, test } from 'vitest';
import { seededRandom } from './random.ts';
import { splitIntoLevels } from './segmentation.ts';

/** By trying every split. */
function bestByTrial(
  series: readonly number[],
  penalty: number,
  minLength: number,
): { cost: number; indices: number[] } {
  const whole = { cost: deviations(series), indices: [] as number[] };
  const ats = Array.from({ length: series.length + 1 }, (_, at) => at);
  return ats
    .filter((at) => at >= minLength && series.length - at >= minLength)
    .map((at) => {
      const left = bestByTrial(series.slice(0, at), penalty, minLength);
      return { cost: left.cost + penalty + deviations(series.slice(at)), indices: [...left.indices, at] };
    })
    .reduce((best, other) => (other.cost < best.cost ? other : best), whole);
}

function deviations(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((total, value) => total + (value - mean) ** 2, 0);
}

test('of all splits the cheapest is found', () => {
  const random = seededRandom(1);
  for (let trial = 0; trial < 30; trial++) {
    const series = Array.from({ length: 12 }, (_, i) => random.gaussian() + (i >= 4 && i < 8 ? 2 : 0));
    expect(splitIntoLevels(series, 1.5, 2)).toEqual(bestByTrial(series, 1.5, 2).indices);
  }
});

// A step of 2 between three values and three saves 6 · 1² = 6.
test('a level begins where it saves more than its penalty, and not where it saves less', () => {
  expect(splitIntoLevels([0, 0, 0, 2, 2, 2], 5.9, 3)).toEqual([3]);
  expect(splitIntoLevels([0, 0, 0, 2, 2, 2], 6.1, 3)).toEqual([]);
});

test('a level that came and went is seen at both ends, unless it is too short', () => {
  const bump = [...Array(30).fill(0), 1, 1, 1, ...Array(30).fill(0)];
  expect(splitIntoLevels(bump, 0.5, 3)).toEqual([30, 33]);
  expect(splitIntoLevels([0, 0, 0, 0, 9, 0, 0, 0, 0], 50, 3)).toEqual([]);
});

test('values far from nothing are split as those around it', () => {
  const series = [0, 0, 0, 1, 1, 1].map((value) => 1e7 + value);
  expect(splitIntoLevels(series, 0.1, 3)).toEqual([3]);
});

test('nothing and too few values have no change', () => {
  expect(splitIntoLevels([], 1, 3)).toEqual([]);
  expect(splitIntoLevels([0, 0, 9, 9], 1, 3)).toEqual([]);
});
