/**
 * target[t + j] += Σᵢ fᵢ·source[sᵢ + j] for j < length: four rows at a time, so that the target is read and written once for
 * four products.
 */
export function addFourRows(
  target: Float64Array,
  t: number,
  length: number,
  source: Float64Array,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  f0: number,
  f1: number,
  f2: number,
  f3: number,
): void {
  for (let j = 0; j < length; j++) {
    target[t + j] += f0 * source[s0 + j] + f1 * source[s1 + j] + f2 * source[s2 + j] + f3 * source[s3 + j];
  }
}

/** target[t + j] += f·source[s + j] for j < length. */
export function addRow(
  target: Float64Array,
  t: number,
  length: number,
  source: Float64Array,
  s: number,
  f: number,
): void {
  for (let j = 0; j < length; j++) target[t + j] += f * source[s + j];
}
