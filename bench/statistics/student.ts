// Student's t distribution. Its tail is computed as such, not as what is left of 1, so that small p keep their digits.
import { logGamma } from './gamma.ts';

/** P(|T| ≥ |t|) with any positive degrees of freedom: the regularised incomplete beta function (DLMF 8.17). */
export function studentP(t: number, degrees: number): number {
  const size = Math.abs(t);
  if (size === 0) return 1;
  if (size === Number.POSITIVE_INFINITY) return 0;
  // log(t²/degrees), which itself may be too large for a number
  const logRatio = 2 * Math.log(size) - Math.log(degrees);
  const logOutside = -softplus(logRatio);
  const logWithin = -softplus(-logRatio);
  const [a, b] = [degrees / 2, 0.5];
  const logScale = a * logOutside + b * logWithin - (logGamma(a) + logGamma(b) - logGamma(a + b));
  const outside = Math.exp(logOutside);
  if (outside < (a + 1) / (a + b + 2)) return (Math.exp(logScale) * betaFraction(outside, a, b)) / a;
  return 1 - (Math.exp(logScale) * betaFraction(Math.exp(logWithin), b, a)) / b;
}

/** log(1 + exp(x)) */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

/** A denominator of the continued fraction that came to nothing is taken for this. */
const TINY = 1e-300;
const MAX_TERMS = 10_000;

/** The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method (Thompson & Barnett 1986). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / nonzero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction;
}

function nonzero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** By p and degrees: cases judged together ask for the same few again and again. */
const foundQuantiles = new Map<string, number>();

/** The t > 0 with P(|T| ≥ t) = p, for p in (0, 1). */
export function studentQuantile(p: number, degrees: number): number {
  const key = `${p} ${degrees}`;
  const found = foundQuantiles.get(key) ?? findQuantile(p, degrees);
  foundQuantiles.set(key, found);
  return found;
}

/** By halving an interval in which it must lie. */
function findQuantile(p: number, degrees: number): number {
  let high = 1;
  while (studentP(high, degrees) > p) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (studentP(middle, degrees) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
