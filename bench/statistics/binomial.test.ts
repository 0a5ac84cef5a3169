import { expect, test } from 'vitest';
import { binomialTail } from './binomial.ts';

// scipy.stats.binom.sf(k - 1, n, chance), SciPy 1.17.1
test.each([
  [3, 3, 1 / 52, 7.11197086936732e-6],
  [5, 7, 0.14, 0.0008817086656],
  [8, 10, 0.5, 0.0546875],
  [60, 100, 0.1, 2.1909398776320826e-34],
])('P(at least %d of %d), each with chance %d', (k, n, chance, p) => {
  expect(binomialTail(k, n, chance) / p).toBeCloseTo(1, 10);
});

test('at least none of any is certain', () => {
  expect(binomialTail(0, 4, 0.3)).toBeCloseTo(1, 12);
});
