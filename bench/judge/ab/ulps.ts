/**
 * How many steps of f32 lie between two values: 0 only where their bits agree, infinite where just one of them is not a
 * number. The signs of zero count as one step apart.
 */
export function ulpsApart(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY;
  return Math.abs(place(a) - place(b));
}

const bits = new DataView(new ArrayBuffer(4));

/** Place of an f32 among all of them in ascending order, −0 just before +0. */
function place(value: number): number {
  bits.setFloat32(0, value);
  const integer = bits.getInt32(0);
  return integer >= 0 ? integer : -1 - (integer & 0x7fffffff);
}
