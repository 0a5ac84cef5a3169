import { describe, expect, test } from 'vitest';
import { findChangePoints, leastStep } from './change-points.ts';
import { seededRandom } from './random.ts';

/** Many series told that neighbours have nothing in common; a dozen values by themselves can't. */
const independent = { correlation: { correlation: 0, weight: 200 } };
const find = (series: readonly number[], minMagnitude = 0) =>
  findChangePoints(series, { minMagnitude, maxP: 0.001, noise: independent });
const indices = (series: readonly number[], minMagnitude = 0) => find(series, minMagnitude).map(({ index }) => index);

test.each([
  // The example series of Apache Otava's documentation and tests, and where Otava finds them to change.
  [[1.02, 0.95, 0.99, 1.0, 1.12, 0.9, 0.5, 0.51, 0.48, 0.48, 0.55], [6]],
  [[2.02, 2.03, 2.01, 2.04, 1.82, 1.85, 1.79, 1.81, 1.8, 1.76, 1.78], [4]],
  [
    [1.02, 0.95, 0.99, 1.0, 1.12, 1.0, 1.01, 0.98, 1.01, 0.96, 0.5, 0.51, 0.48, 0.48, 0.55, 0.5, 0.49, 0.51, 0.5, 0.49],
    [10],
  ],
])("Otava's examples change where Otava says: %j", (series, expected) => {
  expect(indices(series)).toEqual(expected);
});

test('levels before and after are the means up to the neighbouring change points', () => {
  const [first, second] = find([1, 1.1, 0.9, 1, 1, 5, 5.1, 4.9, 5, 5, 3, 3.1, 2.9, 3, 3]);
  expect(first).toMatchObject({ index: 5, before: 1, after: 5 });
  expect(second).toMatchObject({ index: 10, before: 5, after: 3 });
});

test('a change below the least magnitude is none', () => {
  const series = Array.from({ length: 40 }, (_, i) => (i < 20 ? 1 : 1.5) + 0.001 * (i % 2));
  expect(indices(series, 0.4)).toEqual([20]);
  expect(indices(series, 0.6)).toEqual([]);
});

test('one bad night is no new level, three are', () => {
  const random = seededRandom(6);
  const nights = Array.from({ length: 40 }, () => 0.01 * random.gaussian());
  expect(indices([...nights, 1])).toEqual([]);
  expect(indices([...nights, 1, 1, 1])).toEqual([40]);
});

test('steps far apart in a long history are all found', () => {
  const random = seededRandom(7);
  const series = Array.from(
    { length: 300 },
    (_, i) => 0.02 * random.gaussian() + (i >= 130 ? 0.2 : 0) - (i >= 220 ? 0.1 : 0),
  );
  expect(indices(series)).toEqual([130, 220]);
});

test('what independent nights prove, eleven nights of unknown correlation do not', () => {
  const series = [2.02, 2.03, 2.01, 2.04, 1.82, 1.85, 1.79, 1.81, 1.8, 1.76, 1.78];
  expect(find(series)).toHaveLength(1);
  expect(findChangePoints(series, { minMagnitude: 0, maxP: 0.001 })).toEqual([]);
});

test('turned round, shifted or scaled, a series changes at the same places', () => {
  const random = seededRandom(9);
  const series = Array.from({ length: 60 }, (_, i) => random.gaussian() + (i >= 25 ? 9 : 0));
  expect(indices(series)).toEqual([25]);
  expect(indices(series.map((value) => 100 - 8 * value))).toEqual([25]);
  expect(indices(series.toReversed())).toEqual([35]);
});

describe('the least step that some values more would show', () => {
  const options = { minMagnitude: 0, maxP: 0.001, noise: independent };
  const white = (seed: number, length: number) => {
    const random = seededRandom(seed);
    return Array.from({ length }, () => 0.01 * random.gaussian());
  };

  test.each([5, 10])('is shown by %d of them about nine times in ten', (further) => {
    const shown = Array.from({ length: 300 }, (_, seed) => {
      const series = white(seed + 1, 40);
      const step = leastStep(series, { further }, options);
      const grown = [...series, ...white(1000 + seed, further).map((value) => value + step)];
      return findChangePoints(grown, options).some(({ after, before }) => after > before);
    });
    const share = shown.filter(Boolean).length / shown.length;
    expect(share).toBeGreaterThan(0.8);
    expect(share).toBeLessThan(0.99);
  });

  test('is smaller after more values, and twice as large for twice the noise', () => {
    const series = white(3, 40);
    const shownBy = (further: number) => leastStep(series, { further }, options);
    expect(shownBy(10)).toBeLessThan(shownBy(5));
    const doubled = leastStep(
      series.map((value) => 2 * value),
      { further: 5 },
      options,
    );
    expect(doubled).toBeCloseTo(2 * shownBy(5), 9);
  });

  test('is never below the least magnitude', () => {
    expect(leastStep(white(3, 40), { further: 5 }, { ...options, minMagnitude: 0.5 })).toBe(0.5);
  });

  test('is the least magnitude where nothing scatters', () => {
    const flat = Array.from({ length: 12 }, () => 1);
    expect(leastStep(flat, { further: 5 }, { ...options, minMagnitude: 0.02 })).toBe(0.02);
  });

  test('is none where so few values prove nothing', () => {
    expect(leastStep(white(3, 40), { further: 2 }, options)).toBe(Number.POSITIVE_INFINITY);
    expect(leastStep(white(3, 2), { further: 5 }, options)).toBe(Number.POSITIVE_INFINITY);
    // Of four values before none lay beyond, so one in six may; three in a row do by chance in 1 of 216.
    expect(leastStep(white(3, 40), { before: 4, further: 3 }, options)).toBe(Number.POSITIVE_INFINITY);
  });
});
