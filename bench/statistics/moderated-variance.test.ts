import { describe, expect, test } from 'vitest';
import { fitVariancePrior, moderate } from './moderated-variance.ts';
import { seededRandom } from './random.ts';

const unknown = { variance: 0.04, degrees: 3 };
const of = (variances: readonly number[], degrees: number, ...groups: string[]) =>
  variances.map((variance) => ({ variance, degrees, groups }));

// Smyth's formulas (limma's fitFDist), each group's scatter drawn to that of all, and the variance of a group's mean, in
// SciPy 1.17.1, polygamma inverted by brentq.
const narrow = [0.0004, 0.0001, 0.0009, 0.0025, 0.00001, 0.0036];
const wide = [0.01, 0.04, 0.0049, 0.0225, 0.0081];

describe('published formulas come out', () => {
  test('one group, with 2 and with 4 degrees of freedom', () => {
    const two = fitVariancePrior(of(narrow, 2, 'all'), unknown)(['all']);
    expect(two.degrees).toBeCloseTo(1.1260122871, 8);
    expect(two.variance).toBeCloseTo(0.0002657249030948671, 12);
    const four = fitVariancePrior(of(narrow, 4, 'all'), unknown)(['all']);
    expect(four.degrees).toBeCloseTo(0.9877133087, 8);
    expect(four.variance).toBeCloseTo(0.00016070854989571606, 12);
  });

  test('two groups scatter around variances of their own, each nearly as much as the two together', () => {
    const prior = fitVariancePrior([...of(narrow, 2, 'a', 'all'), ...of(wide, 2, 'b', 'all')], unknown);
    expect(prior(['a', 'all']).degrees).toBeCloseTo(1.4580149169, 8);
    expect(prior(['b', 'all']).degrees).toBeCloseTo(2.8158605947, 8);
    expect(prior(['a', 'all']).variance).toBeCloseTo(0.0003471810440526541, 12);
    expect(prior(['b', 'all']).variance).toBeCloseTo(0.01799223864353981, 10);
  });
});

test('a group of too few, or of none, is judged by the wider one, and where that is too small by what is assumed', () => {
  const prior = fitVariancePrior([...of(narrow, 2, 'a', 'all'), ...of([1], 2, 'b', 'all')], unknown);
  expect(prior(['b', 'all'])).toEqual(prior(['all']));
  expect(prior(['c', 'all'])).toEqual(prior(['all']));
  expect(prior(['elsewhere'])).toEqual(unknown);
  expect(fitVariancePrior(of([1, 2, 3], 2, 'all'), unknown)(['all'])).toEqual(unknown);
});

test('two variances weigh by their degrees of freedom', () => {
  // (2 · 9 + 6 · 1) / 8
  expect(moderate({ variance: 9, degrees: 2 }, { variance: 1, degrees: 6 })).toEqual({ variance: 3, degrees: 8 });
  expect(moderate({ variance: 0, degrees: 0 }, unknown)).toEqual(unknown);
});

test('a group of few vouches for less than one of many whose variances scatter as much', () => {
  const alike = (count: number, group: string) => of(Array(count).fill(0.01), 8, group, 'all');
  const prior = fitVariancePrior([...alike(4, 'few'), ...alike(100, 'many')], unknown);
  expect(prior(['few', 'all']).degrees).toBeLessThan(20);
  expect(prior(['many', 'all']).degrees).toBeGreaterThan(45);
  expect(prior(['few', 'all']).variance).toBeCloseTo(prior(['many', 'all']).variance, 12);
});

test('where nothing varies at all nothing is known; one value without a variance is no reason to trust the others less', () => {
  expect(fitVariancePrior(of([0, 0, 0, 0, 0], 2, 'all'), unknown)(['all'])).toEqual(unknown);
  const prior = fitVariancePrior(of([0, ...Array(200).fill(0.01)], 8, 'all'), unknown)(['all']);
  expect(Number.isFinite(Math.log(prior.variance))).toBe(true);
  expect(prior.degrees).toBeGreaterThan(10);
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
  const even = fitVariancePrior(draw(Array(300).fill(0.03)), unknown)(['all']);
  expect(even.degrees).toBeGreaterThan(15);
  expect(Math.sqrt(even.variance)).toBeGreaterThan(0.027);
  expect(Math.sqrt(even.variance)).toBeLessThan(0.033);
  const uneven = fitVariancePrior(draw(Array.from({ length: 300 }, (_, i) => (i % 2 ? 0.01 : 0.1))), unknown)(['all']);
  expect(uneven.degrees).toBeLessThan(3);
});
