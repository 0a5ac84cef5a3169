import { expect, test } from 'vitest';
import { seededRandom } from '../../statistics/random.ts';
import { judge, processesFor, spreadOfEqualCode } from './verdict.ts';

/** Log ratios around a true change, scattered like processes on a shared machine. */
function processes(change: number, { count = 15, scatter = 0.005, seed = 1 } = {}): number[] {
  const { gaussian } = seededRandom(seed);
  return Array.from({ length: count }, () => Math.log1p(change) + scatter * gaussian());
}
const verdictOf = (change: number, options = {}) =>
  judge([{ logRatios: processes(change, options), minimum: 0.02 }])[0].verdict;

test.each([
  ['3 % more time is slower', 0.03, 'slower'],
  ['3 % less time is faster', -0.03, 'faster'],
  ['equal times are the same', 0, 'same'],
  ['a difference below the least effect is the same, however sure', 0.01, 'same'],
])('%s', (_, change, verdict) => {
  expect(verdictOf(change)).toBe(verdict);
});

test('times that scatter too much are inconclusive and not the same', () => {
  expect(verdictOf(0, { scatter: 0.2 })).toBe('inconclusive');
});

test('a slowdown that a case of irregular access may have by itself is not flagged', () => {
  const [{ verdict }] = judge([{ logRatios: processes(0.03), minimum: 0.06 }]);
  expect(verdict).toBe('same');
});

test('figures are the change of time and an interval that holds it', () => {
  const [{ change, interval, p }] = judge([{ logRatios: processes(0.05), minimum: 0.02 }]);
  expect(change).toBeCloseTo(0.05, 2);
  expect(interval?.low).toBeLessThan(0.05);
  expect(interval?.high).toBeGreaterThan(0.05);
  expect(p).toBeCloseTo(2 * 2 ** -15, 12);
});

test('the threshold tightens with the family, cases without figures included', () => {
  const evidence = { logRatios: processes(0.03, { count: 8 }), minimum: 0.02 };
  expect(judge([evidence])[0].verdict).toBe('slower');
  expect(judge([evidence], 500)[0].verdict).toBe('inconclusive');
});

test('a family of 500 cases gets the processes that its test needs, a single case those asked for', () => {
  expect(processesFor(1, 15)).toBe(15);
  expect(processesFor(1, 3)).toBe(10);
  const k = processesFor(500, 15);
  expect(1000 * 2 ** -k).toBeLessThan(0.01);
  const [{ verdict }] = judge([{ logRatios: processes(0.03, { count: k }), minimum: 0.02 }], 500);
  expect(verdict).toBe('slower');
});

test('the smallest effect a run could have seen is just what it would have flagged', () => {
  const logRatios = processes(0, { scatter: 0.05, count: 20 });
  const [{ smallestEffect = 0, change }] = judge([{ logRatios, minimum: 0.02 }]);
  expect(smallestEffect).toBeGreaterThan(0.02);
  const shifted = (by: number) => logRatios.map((value) => value - Math.log1p(change) + Math.log1p(by));
  expect(judge([{ logRatios: shifted(smallestEffect * 1.001), minimum: 0.02 }])[0].verdict).toBe('slower');
  expect(judge([{ logRatios: shifted(smallestEffect * 0.99), minimum: 0.02 }])[0].verdict).toBe('inconclusive');
});

test('too few processes could not have seen anything', () => {
  expect(judge([{ logRatios: processes(0, { count: 5 }), minimum: 0.02 }])[0].smallestEffect).toBeUndefined();
});

test('equal code spreads as far as its interval reaches', () => {
  const spread = spreadOfEqualCode(processes(0.04, { count: 30, scatter: 0.02 }));
  expect(spread).toBeGreaterThan(0.035);
  expect(spread).toBeLessThan(0.07);
});

test('of 40 comparisons of 50 equal cases at most two flag one of them', () => {
  let flagged = 0;
  for (let seed = 0; seed < 40; seed++) {
    const family = Array.from({ length: 50 }, (_, i) => {
      return {
        logRatios: processes(0, { count: processesFor(50, 15), scatter: 0.05, seed: seed * 50 + i }),
        minimum: 0.02,
      };
    });
    flagged += judge(family).filter(({ verdict }) => verdict === 'slower' || verdict === 'faster').length;
  }
  expect(flagged).toBeLessThanOrEqual(2);
});
