import { expect, test } from 'vitest';
import { digamma, inverseTrigamma, logGamma, trigamma } from './gamma.ts';

// scipy.special.gammaln, digamma and polygamma(1), SciPy 1.17.1
test.each([
  [0.1, 2.252712651734206, -10.423754940411076, 101.43329915079276],
  [0.5, 0.5723649429247, -1.9635100260214235, 4.934802200544679],
  [1, 0, -0.5772156649015329, 1.6449340668482264],
  [1.5, -0.12078223763524526, 0.03648997397857652, 0.9348022005446793],
  [7.25, 7.0521854507385395, 1.9104535268837362, 0.14787923315893217],
  [50, 144.56574394634487, 3.9019896734278925, 0.020201333226697125],
  [1e4, 82099.71749644238, 9.21029037114285, 0.00010000500016666666],
])('log Γ, ψ and ψ′ of %d', (x, log, first, second) => {
  expect(logGamma(x)).toBeCloseTo(log, 9);
  expect(digamma(x)).toBeCloseTo(first, 12);
  expect(trigamma(x) / second).toBeCloseTo(1, 12);
});

test.each([1e-4, 0.02, 0.3, 1.6449340668482264, 40, 1e5])('the inverse of ψ′ is its inverse at %d', (y) => {
  expect(trigamma(inverseTrigamma(y)) / y).toBeCloseTo(1, 9);
});
