import { describe, expect, test } from 'vitest';
import { fitVariancePrior, moderate } from './moderated-variance.ts';
import { seededRandom } from './random.ts';

const unknown = { variance: 0.04, degrees: 3 };
const of = (variances: readonly number[], degrees: number, ...groups: string[]) =>
  variances.map((variance) => ({ variance, degrees, groups }));

// Smyth's formulas (limma's fitFDist) in SciPy 1.17.1, polygamma inverted by brentq.
const narrow = [0.0004, 0.0001, 0.0009, 0.0025, 0.00001, 0.0036];
const wide = [0.01, 0.04, 0.0049, 0.0225, 0.0081];

describe('published formulas come out', () => {
  test('one group, with 2 and with 4 degrees of freedom', () => {
    const two = fitVariancePrior(of(narrow, 2, 'all'), unknown, 0)(['all']);
    expect(two.degrees).toBeCloseTo(1.2909000088, 8);
    expect(two.variance).toBeCloseTo(0.0002657249030948671, 12);
    const four = fitVariancePrior(of(narrow, 4, 'all'), unknown, 0)(['all']);
    expect(four.degrees).toBeCloseTo(1.0957873667, 8);
    expect(four.variance).toBeCloseTo(0.00016070854989571606, 12);
  });

  test('two groups scatter alike around variances of their own', () => {
    const prior = fitVariancePrior([...of(narrow, 2, 'a', 'all'), ...of(wide, 2, 'b', 'all')], unknown, 0);
    expect(prior(['a', 'all']).degrees).toBeCloseTo(2.2659742576, 8);
    expect(prior(['a', 'all']).variance).toBeCloseTo(0.00041458939649180687, 12);
    expect(prior(['b', 'all']).variance).toBeCloseTo(0.013903113783327313, 10);
  });
});

test('a group of too few, or of none, is judged by the wider one, and where that is too small by what is assumed', () => {
  const prior = fitVariancePrior([...of(narrow, 2, 'a', 'all'), ...of([1], 2, 'b', 'all')], unknown, 0);
  expect(prior(['b', 'all'])).toEqual(prior(['all']));
  expect(prior(['c', 'all'])).toEqual(prior(['all']));
  expect(prior(['elsewhere'])).toEqual(unknown);
  expect(fitVariancePrior(of([1, 2, 3], 2, 'all'), unknown, 0)(['all'])).toEqual(unknown);
});

test('two variances weigh by their degrees of freedom', () => {
  // (2 · 9 + 6 · 1) / 8
  expect(moderate({ variance: 9, degrees: 2 }, { variance: 1, degrees: 6 })).toEqual({ variance: 3, degrees: 8 });
  expect(moderate({ variance: 0, degrees: 0 }, unknown)).toEqual(unknown);
});

test('values that agree by luck do not make a variance of nothing', () => {
  const prior = fitVariancePrior(of([0, 0, 0, 0, 0], 2, 'all'), unknown, 1e-6)(['all']);
  expect(prior.variance).toBeGreaterThanOrEqual(1e-6);
});

test('equal variances are found to be so, and those that scatter are trusted less', () => {
  const random = seededRandom(5);
  const sampled = (sigma: number) => (sigma * random.gaussian()) ** 2 + (sigma * random.gaussian()) ** 2;
  const draw = (sigmas: readonly number[]) =>
    of(
      sigmas.map((sigma) => sampled(sigma) / 2),
      2,
      'all',
    );
  const even = fitVariancePrior(draw(Array(300).fill(0.03)), unknown, 0)(['all']);
  expect(even.degrees).toBeGreaterThan(15);
  expect(Math.sqrt(even.variance)).toBeGreaterThan(0.027);
  expect(Math.sqrt(even.variance)).toBeLessThan(0.033);
  const uneven = fitVariancePrior(
    draw(Array.from({ length: 300 }, (_, i) => (i % 2 ? 0.01 : 0.1))),
    unknown,
    0,
  )(['all']);
  expect(uneven.degrees).toBeLessThan(3);
});
