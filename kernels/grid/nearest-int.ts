/** Added to an f32 and taken off again, it leaves the nearest integer: from here on to 2^24 an f32 has no fraction. */
const NO_FRACTION = 1.5 * 2 ** 23;

/** The nearest integer to an f32, halves to even, as ggml's `nearest_int`; magnitudes up to 2^22. */
export function nearestInt(value: number): number {
  return Math.fround(value + NO_FRACTION) - NO_FRACTION;
}

/** The same, but no less than `least` and no more than `most`. */
export function nearestWithin(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, nearestInt(value)));
}
