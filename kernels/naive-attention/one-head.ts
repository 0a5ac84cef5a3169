/** Head `h` of values [heads, …], copied. */
export function oneHead(values: Float32Array, h: number, heads: number): Float32Array {
  const length = values.length / heads;
  return values.slice(h * length, (h + 1) * length);
}
