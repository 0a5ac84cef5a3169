// What compression costs: the kernel's output against the float64 reference on the original inputs.
import type { Drift } from '../contract/case-result.ts';
import { quantileSorted } from '../statistics/quantile.ts';

export function measureDrift(output: Float32Array, reference: Float64Array): Drift {
  const errors = new Float64Array(output.length);
  let noise = 0;
  let signal = 0;
  let outputSquares = 0;
  let product = 0;
  let nonfinite = 0;
  for (let i = 0; i < output.length; i++) {
    signal += reference[i] ** 2;
    if (!Number.isFinite(output[i])) {
      nonfinite++;
      continue;
    }
    errors[i] = Math.abs(output[i] - reference[i]);
    noise += errors[i] ** 2;
    outputSquares += output[i] ** 2;
    product += output[i] * reference[i];
  }
  errors.sort();
  return {
    sqnr_db: signal > 0 && noise > 0 ? 10 * Math.log10(signal / noise) : undefined,
    rel_fro_err: signal > 0 ? Math.sqrt(noise / signal) : undefined,
    max_abs_err: errors.at(-1) ?? 0,
    p99_abs_err: errors.length > 0 ? quantileSorted(errors, 0.99) : 0,
    cosine: signal > 0 && outputSquares > 0 ? product / Math.sqrt(signal * outputSquares) : undefined,
    nonfinite,
  };
}

/** A budget holds when nothing is infinite and the SQNR reaches it; an exact or an empty output always does. */
export function isWithinBudget({ sqnr_db, nonfinite, max_abs_err, rel_fro_err }: Drift, budgetDb: number): boolean {
  if (nonfinite > 0) return false;
  if (sqnr_db !== undefined) return sqnr_db >= budgetDb;
  return rel_fro_err === 0 || max_abs_err === 0;
}
