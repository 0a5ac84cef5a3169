// Is the output right? Every element must lie within the tolerance derived for it; one wrong element is a wrong kernel.
import type { Reference } from './operation.ts';

export interface Check {
  /** Σ(output−reference)² / Σreference²; undefined where the reference is all zeros. */
  readonly nmse: number | undefined;
  /** What is wrong, in words; undefined where nothing is. */
  readonly failure: string | undefined;
}

export function checkOutput(output: Float32Array, { values, tolerance }: Reference): Check {
  if (output.length !== values.length) {
    return { nmse: undefined, failure: `output: must hold ${values.length} values, got ${output.length}` };
  }
  let noise = 0;
  let signal = 0;
  let wrong = 0;
  let first = -1;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(output[i] - values[i]);
    noise += error * error;
    signal += values[i] * values[i];
    if (error <= tolerance[i]) continue;
    if (first < 0) first = i;
    wrong++;
  }
  return {
    nmse: signal > 0 && Number.isFinite(noise) ? noise / signal : undefined,
    failure: first < 0 ? undefined : describe(output, values, tolerance, first, wrong),
  };
}

function describe(
  output: Float32Array,
  values: Float64Array,
  tolerance: Float64Array,
  first: number,
  wrong: number,
): string {
  const expected = `${values[first].toPrecision(6)} ± ${tolerance[first].toPrecision(2)}`;
  return `output[${first}]: must be ${expected}, got ${output[first]} (${wrong} of ${values.length} values are off)`;
}
