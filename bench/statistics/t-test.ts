/**
 * Two-sided p of Student's t-test with pooled variance: do two samples have one mean? 1 where there are too few values
 * to know a variance; 0 where two samples without any variance differ.
 */
export function tTestP(a: readonly number[], b: readonly number[]): number {
  const degrees = a.length + b.length - 2;
  if (degrees < 1 || a.length === 0 || b.length === 0) return 1;
  const difference = mean(a) - mean(b);
  if (difference === 0) return 1;
  const pooled = (squaredDeviations(a) + squaredDeviations(b)) / degrees;
  return studentP(difference / Math.sqrt(pooled * (1 / a.length + 1 / b.length)), degrees);
}

/** P(|T| ≥ |t|) with a whole number of degrees of freedom: the finite sums of Abramowitz & Stegun 26.7.3 and 26.7.4. */
export function studentP(t: number, degrees: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(degrees));
  const isOdd = degrees % 2 === 1;
  const squared = Math.cos(angle) ** 2;
  let term = isOdd ? Math.cos(angle) : 1;
  let series = 0;
  for (let k = isOdd ? 3 : 2; k <= degrees; k += 2) {
    series += term;
    term *= (squared * (k - 1)) / k;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * series) : Math.sin(angle) * series;
  return Math.max(0, 1 - within);
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

function squaredDeviations(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((total, value) => total + (value - centre) ** 2, 0);
}
