// Is the output right? Every element must lie within the tolerance derived for it, one wrong element is a wrong kernel;
// and the errors together must be as small as those of f32 are.
import type { Reference } from '../contract/operation.ts';

export interface Check {
  /** Σ(output−reference)² / Σreference²; undefined where the reference is all zeros. */
  readonly nmse: number | undefined;
  /** What is wrong, in words; undefined where nothing is. */
  readonly failure: string | undefined;
}

export function checkOutput(output: Float32Array, { values, tolerance, errorEnergy }: Reference): Check {
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
    failure: first < 0 ? describeEnergy(noise, errorEnergy) : describe(output, values, tolerance, first, wrong),
  };
}

function describeEnergy(noise: number, errorEnergy: number): string | undefined {
  if (noise <= errorEnergy) return undefined;
  const [got, most] = [noise, errorEnergy].map((energy) => Math.sqrt(energy).toPrecision(2));
  return `output: must differ from the reference by ${most} at most (root of squares), got ${got}: too few bits somewhere`;
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
