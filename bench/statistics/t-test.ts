import { studentP } from './student.ts';

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

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

function squaredDeviations(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((total, value) => total + (value - centre) ** 2, 0);
}
